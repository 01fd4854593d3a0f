import { describe, expect, it } from 'vitest';
import { bytesSource } from '../onnx/bytes-source.ts';
import { describeArrayFile, readArrayOf } from './array-file.ts';

function file(header: unknown, data: Uint8Array): Uint8Array {
	const text = new TextEncoder().encode(JSON.stringify(header));
	const bytes = new Uint8Array(8 + text.length + data.length);
	new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
	bytes.set(text, 8);
	bytes.set(data, 8 + text.length);
	return bytes;
}

const stored = new Uint8Array([
	...new Uint8Array(Float32Array.from([1.5, -2]).buffer),
	...[0x00, 0x3c, 0x00, 0xc0], // 1 and −2 in float16
	...[0x80, 0x3f, 0x20, 0xc1], // 1 and −10 in bfloat16
	...[255, 3],
]);
const entry = (dtype: string, shape: number[], from: number, to: number) => ({ dtype, shape, data_offsets: [from, to] }); // prettier-ignore
const good = {
	__metadata__: { by: 'a test' },
	w: entry('F32', [1, 2], 0, 8),
	half: entry('F16', [2], 8, 12),
	brain: entry('BF16', [2], 12, 16),
	small: entry('I8', [2], 16, 18),
	odd: entry('F8_E4M3', [2], 16, 18),
};
const whole = file(good, stored);
const source = bytesSource(whole);
const name = 'code.safetensors';

async function values(array: string): Promise<number[]> {
	const { values: bytes } = await readArrayOf(source, name, array);
	return [...new Float32Array(bytes.slice().buffer)];
}

describe('a safetensors file', () => {
	it('says what it holds without reading it', async () => {
		const { metadata, arrays } = await describeArrayFile(source, name);
		expect(metadata).toEqual({ by: 'a test' });
		expect(arrays.map((array) => `${array.name} ${array.dtype} ${array.shape.join('x')}`)).toEqual([
			'w F32 1x2',
			'half F16 2',
			'brain BF16 2',
			'small I8 2',
			'odd F8_E4M3 2',
		]);
	});

	it('gives numbers of every element type as float32', async () => {
		expect(await values('w')).toEqual([1.5, -2]);
		expect(await values('half')).toEqual([1, -2]);
		expect(await values('brain')).toEqual([1, -10]);
		expect(await values('small')).toEqual([-1, 3]);
	});

	it('names what is missing or of a type that is not read', async () => {
		await expect(values('nothing')).rejects.toThrow(/no array is named nothing; there are w, half/);
		await expect(values('odd')).rejects.toThrow(/odd is of type F8_E4M3; read are F64, F32/);
	});

	it('refuses offsets that do not fit the shape, or leave the file', async () => {
		const wrong = file({ w: entry('F32', [3], 0, 8) }, stored);
		await expect(describeArrayFile(bytesSource(wrong), name)).rejects.toThrow(/needs 12 bytes/);
		const beyond = file({ w: entry('F32', [2], 16, 24) }, stored);
		await expect(describeArrayFile(bytesSource(beyond), name)).rejects.toThrow(/16 to 24 of 18/);
		const shape = file({ w: entry('F32', [-2], 0, 8) }, stored);
		await expect(describeArrayFile(bytesSource(shape), name)).rejects.toThrow(/expected dtype, shape/); // prettier-ignore
	});

	it('cut anywhere is refused with a sentence, never read beyond its end', async () => {
		for (let length = 0; length < whole.length; length++) {
			const cut = bytesSource(whole.subarray(0, length));
			await expect(describeArrayFile(cut, name)).rejects.toThrow(/^code\.safetensors: /);
		}
	});
});
