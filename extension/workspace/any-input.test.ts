import { readFileSync } from 'node:fs';
import { zipSync, zlibSync } from 'fflate';
import { encode } from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { model, node, value } from '../../test/models/build-model.ts';
import { bytesSource } from '../onnx/bytes-source.ts';
import { indexModel } from '../onnx/index-model.ts';
import type { ModelInput } from '../protocol/run.ts';
import { arrayInput } from './array-input.ts';
import { checkInput } from './check-input.ts';
import { decodeElements } from './element-types.ts';
import { assumedSizes, makeInput } from './make-input.ts';
import { openSymbols, parseSizes, sizesText } from './open-sizes.ts';
import { InputTrials, OtherInputs } from './other-inputs.ts';
import { decodePicture } from './picture-file.ts';
import { inputOfPicture } from './picture-input.ts';
import { decodePng } from './png.ts';

const indexOf = (...input: ReturnType<typeof value>[]) =>
	indexModel(bytesSource(model({ input, node: [node('Identity', [input[0]!.name], ['y'])], output: [value('y')] }))); // prettier-ignore

const decoder = await indexOf(
	value('input_ids', 'int64', ['batch', 'sequence']),
	value('attention_mask', 'int64', ['batch', 'past_sequence + sequence']),
	value('past_key_values.0.key', 'float32', ['batch', 2, 'past_sequence', 4]),
);
const numbered = await indexOf(
	value('input_ids', 'int64', ['s12', 's48']),
	value('attention_mask', 'int64', ['s97', 's98']),
	value('past_key_values.0.key', 'float32', ['s12', 3, 's6', 4]),
	value('past_key_values.0.encoder.key', 'float32', ['s12', 3, 's7', 4]),
);
const reader = await indexOf(value('x', 'float32', [null, 3, 48, null]));

/** A PNG of rows that are filtered already, the filter's number first. */
function png(
	width: number,
	height: number,
	depth: number,
	color: number,
	rows: number[][],
	parts: [string, number[]][] = [],
) {
	// prettier-ignore
	const chunk = (kind: string, data: Uint8Array) => {
		const bytes = new Uint8Array(12 + data.length);
		new DataView(bytes.buffer).setUint32(0, data.length);
		bytes.set(new TextEncoder().encode(kind), 4);
		bytes.set(data, 8);
		return bytes;
	};
	const header = new Uint8Array(13);
	const view = new DataView(header.buffer);
	view.setUint32(0, width);
	view.setUint32(4, height);
	header.set([depth, color], 8);
	return Uint8Array.from(
		[
			Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
			chunk('IHDR', header),
			...parts.map(([kind, data]) => chunk(kind, Uint8Array.from(data))),
			chunk('IDAT', zlibSync(Uint8Array.from(rows.flat()))),
			chunk('IEND', new Uint8Array()),
		].flatMap((part) => Array.from(part)),
	);
}

describe('a PNG', () => {
	it('of every filter gives the same bytes', () => {
		const rows = [[0, 10, 20, 30], [1, 10, 10, 10], [2, 0, 0, 0], [3, 5, 0, 0], [4, 0, 0, 0]]; // prettier-ignore
		const { rgba } = decodePng(png(3, 5, 8, 0, rows), 'grey.png');
		const grey = Array.from({ length: 15 }, (_, at) => rgba[at * 4]);
		// by hand from the filters' definitions: left, up, their mean, and Paeth's choice
		expect(grey).toEqual([10, 20, 30, 10, 20, 30, 10, 20, 30, 10, 15, 22, 10, 15, 22]);
	});

	it('of a palette with opacity, of 1, 2 and 16 bits, and of RGB is read', () => {
		const palette: [string, number[]][] = [['PLTE', [1, 2, 3, 9, 8, 7]], ['tRNS', [128]]]; // prettier-ignore
		expect(Array.from(decodePng(png(2, 1, 1, 3, [[0, 0b01000000]], palette), 'p').rgba)).toEqual([1, 2, 3, 128, 9, 8, 7, 255]); // prettier-ignore
		expect(decodePng(png(4, 1, 2, 0, [[0, 0b00011011]]), 'g').rgba.filter((_, at) => at % 4 === 0)).toEqual(Uint8Array.of(0, 85, 170, 255)); // prettier-ignore
		expect(Array.from(decodePng(png(1, 1, 16, 2, [[0, 7, 1, 8, 1, 9, 1]]), 'w').rgba)).toEqual([7, 8, 9, 255]); // prettier-ignore
	});

	it('of this repository is read', () => {
		const { width, height, rgba } = decodePng(readFileSync('extension/media/icon.png'), 'icon.png');
		expect(rgba.length).toBe(width * height * 4);
		expect(new Set(rgba).size).toBeGreaterThan(8);
	});

	it('that is cut off, interlaced or none is refused with a sentence', async () => {
		const whole = png(3, 1, 8, 0, [[0, 1, 2, 3]]);
		for (let length = 0; length < whole.length - 16; length += 3)
			expect(() => decodePng(whole.slice(0, length), 'cut.png')).toThrow(/^cut.png: /);
		const laced = whole.slice();
		laced[28] = 1;
		expect(() => decodePng(laced, 'a.png')).toThrow('save it without interlacing');
		await expect(decodePicture(Uint8Array.of(1, 2), 'a.gif')).rejects.toThrow(
			'expected a PNG or JPEG',
		);
	});
});

it('reads a JPEG to within its own loss', async () => {
	const [width, height] = [32, 16];
	const data = Uint8Array.from({ length: width * height * 4 }, (_, at) => (at % 4 === 3 ? 255 : 40 + 3 * (Math.floor(at / 4) % width))); // prettier-ignore
	const pixels = await decodePicture(encode({ width, height, data }, 95).data, 'ramp.jpg');
	expect(pixels).toMatchObject({ width, height });
	const off = pixels.rgba.map((value, at) => Math.abs(value - data[at]!));
	expect(Math.max(...off)).toBeLessThan(8);
	await expect(decodePicture(Uint8Array.of(0xff, 0xd8, 1), 'bad.jpg')).rejects.toThrow(
		'bad.jpg is a JPEG',
	);
});

describe('a picture as input', () => {
	const half = png(6, 3, 8, 2, Array.from({ length: 3 }, () => [0, ...Array.from({ length: 6 }, (_, x) => (x < 3 ? [255, 0, 0] : [0, 0, 255])).flat()])); // prettier-ignore

	it('keeps its proportions where the model leaves a side open, and its colours', async () => {
		const made = await inputOfPicture(reader, half, 'half.png', 'minus-one-to-one');
		const [x] = made.tensors;
		expect(x!.shape).toEqual([1, 3, 48, 96]);
		const values = decodeElements('float32', x!.data);
		const at = (c: number, column: number) => values[(c * 48 + 20) * 96 + column]!;
		expect([at(0, 5), at(1, 5), at(2, 5), at(0, 90), at(2, 90)]).toEqual([1, -1, -1, -1, 1]);
		expect(made.note).toContain('half.png: 6 by 3 pixels resized to 96 by 48');
		expect(checkInput(reader, made)).toEqual([]);
	});

	it('is refused by a model that takes none', async () => {
		await expect(inputOfPicture(numbered, half, 'half.png', 'imagenet')).rejects.toThrow('No input of the model takes a picture'); // prettier-ignore
		await expect(inputOfPicture(decoder, half, 'half.png', 'imagenet')).rejects.toThrow('No input of the model takes a picture; it takes input_ids'); // prettier-ignore
	});
});

describe('sizes that a model leaves open', () => {
	it('leave the cache of a decoder empty where its axes are numbered, and not what an encoder made', () => {
		expect(makeInput(numbered).tensors.map(({ shape }) => shape)).toEqual([[1, 32], [1, 32], [1, 3, 0, 4], [1, 3, 32, 4]]); // prettier-ignore
	});
	it('are asked for by name, and sums of them follow', () => {
		expect(openSymbols(decoder)).toEqual(['batch', 'sequence', 'past_sequence']);
		expect(sizesText(assumedSizes(decoder))).toBe('batch = 1, sequence = 32, past_sequence = 0');
		const sizes = parseSizes('sequence = 5, past_sequence: 2', openSymbols(decoder));
		const shapes = makeInput(decoder, undefined, { sizes }).tensors.map(({ shape }) => shape);
		expect(shapes).toEqual([[1, 5], [1, 7], [1, 2, 2, 4]]); // prettier-ignore
		expect(openSymbols(reader)).toEqual(['x.0', 'x.3']);
	});

	it('are refused where they are none of the model', () => {
		expect(() => parseSizes('tokens = 5', ['batch'])).toThrow('Expected NAME = SIZE with a name of batch, got tokens = 5.'); // prettier-ignore
		expect(() => parseSizes('batch = many', ['batch'])).toThrow('Expected a size of batch, got many.'); // prettier-ignore
	});
});

describe('a model that refuses its made-up input', () => {
	it('is offered other sizes, each with a note, and the first again after the last', () => {
		const trials = new InputTrials();
		const from = { sizes: { batch: 1 } };
		const sequence = (input: ModelInput | null) => input?.tensors[0]!.shape[1];
		const first = trials.now('a', decoder, from);
		expect(sequence(first)).toBe(32);
		const second = trials.next('a', '');
		expect(sequence(second)).toBe(16);
		expect(second!.note).toContain('The model does not run on batch = 1, sequence = 32, past_sequence = 0, so batch = 1, sequence = 16, past_sequence = 0 was taken.'); // prettier-ignore
		expect(checkInput(decoder, second!)).toEqual([]);
		expect(trials.now('a', decoder, from)).toBe(second);
		const others = [];
		for (let next = trials.next('a', ''); next; next = trials.next('a', ''))
			others.push(sequence(next));
		expect(others).toEqual([8, 64, 1, 128, 4, 49, 512, 196, 4096, 16384]);
		expect(sequence(trials.now('a', decoder, from))).toBe(32);
	});

	it('is offered first what the refusal names', () => {
		const others = new OtherInputs(decoder, { sizes: { batch: 1 } });
		const sequence = (why: string) => others.next(why)?.tensors[0]!.shape[1];
		expect(sequence('Attempting to broadcast an axis by a dimension other than 1. 11 by 32.')).toBe(11); // prettier-ignore
		const reshaped = 'Input shape:{1,32,48}, requested shape:{336}';
		expect([sequence(reshaped), sequence(''), sequence('')]).toEqual([48, 336, 7]);
	});

	it('gets no other where the user chose the sizes', () => {
		const sizes = { batch: 1, sequence: 5, past_sequence: 0 };
		expect(new OtherInputs(decoder, { sizes }).next('32')).toBe(null);
	});
});

it('gives integers the meaning that their reader or their name gives them', async () => {
	const index = await indexModel(
		bytesSource(
			model({
				input: [
					value('q', 'float32', ['batch', 'sequence', 8]),
					value('past_k', 'float32', ['batch', 2, 'past', 4]),
					value('seen', 'int32', ['batch']),
					value('all', 'int32', []),
					value('at', 'int64', ['batch', 'sequence']),
					value('x_lengths', 'int64', ['batch']),
				],
				node: [
					node('GroupQueryAttention', ['q', 'q', 'q', 'past_k', 'past_k', 'seen', 'all'], ['a'], {}, { domain: 'com.microsoft' }), // prettier-ignore
					node('RotaryEmbedding', ['a', 'c', 's', 'at'], ['y']),
				],
				output: [value('y')],
			}),
		),
	);
	const made = makeInput(index, undefined, { sizes: { sequence: 3 } });
	const integers = made.tensors.slice(2).map(({ dtype, data }) => decodeElements(dtype, data));
	expect(integers).toEqual([[2], [3], [0, 1, 2], [3]]);
});

it('draws another input with another seed, and the same with the same', () => {
	const drawn = (seed: number) => makeInput(decoder, undefined, { seed }).tensors[0]!.data;
	expect(drawn(3)).toEqual(drawn(3));
	expect(drawn(3)).not.toEqual(drawn(4));
});

describe('a NumPy file', () => {
	const npy = (descr: string, shape: string, data: ArrayBufferView) => {
		const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117) + '\n'; // prettier-ignore
		const start = [0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, header.length & 255, header.length >> 8]; // prettier-ignore
		const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
		return Uint8Array.from([...start, ...new TextEncoder().encode(header), ...bytes]);
	};
	const ids = npy('<i4', '(1, 3)', Int32Array.of(4, 5, 6));

	it('of one array gives the input whose shape it has, and the rest is made to fit', () => {
		const made = arrayInput(decoder, ids, 'ids.npy');
		expect(decodeElements('int64', made.tensors[0]!.data)).toEqual([4, 5, 6]);
		expect(made.tensors.map(({ shape }) => shape)).toEqual([[1, 3], [1, 3], [1, 2, 0, 4]]); // prettier-ignore
		expect(made.note).toContain('attention_mask');
		expect(checkInput(decoder, made)).toEqual([]);
	});

	it('of several gives inputs by name', () => {
		const archive = zipSync({ 'attention_mask.npy': npy('<i8', '(1, 3)', BigInt64Array.of(1n, 1n, 0n)), 'input_ids.npy': ids }); // prettier-ignore
		const made = arrayInput(decoder, archive, 'both.npz');
		expect(decodeElements('int64', made.tensors[1]!.data)).toEqual([1, 1, 0]);
	});

	it('that fits no input is refused with what it has', () => {
		const floats = npy('<f4', '(2,)', Float32Array.of(1, 2));
		expect(() => arrayInput(decoder, floats, 'two.npy')).toThrow('two.npy has the array (float32 [2]), and the model takes input_ids (int64 [batch, sequence])'); // prettier-ignore
	});
});
