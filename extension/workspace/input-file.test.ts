import { readFileSync } from 'node:fs';
import { zipSync } from 'fflate';
import { expect, it } from 'vitest';
import { decodeElements } from './element-types.ts';
import { parseInputFile } from './input-file.ts';

const nothingBeside = () => Promise.reject(new Error('nothing stands beside'));
const parse = (file: unknown) => parseInputFile(JSON.stringify(file), 'prompt.json', nothingBeside);
const ids = (more: object = {}) => ({
	inputs: { ids: { dtype: 'int64', shape: [1, 3], data: [5, 6, 7], ...more } },
});

it('reads the prompt of the sample', async () => {
	const text = readFileSync('samples/mqar-softmax/prompt.json', 'utf8');
	const input = await parseInputFile(text, 'prompt.json', nothingBeside);
	const [tensor] = input.tensors;
	expect(input.tensors).toHaveLength(1);
	expect(tensor).toMatchObject({ name: 'input_ids', dtype: 'int64', shape: [1, 64] });
	const written = JSON.parse(text) as { inputs: { input_ids: { data: number[] } } };
	expect(decodeElements('int64', tensor!.data)).toEqual(written.inputs.input_ids.data);
	expect(input.tokens).toHaveLength(64);
	expect(input.labels).toHaveLength(64);
});

it('reads nested lists row by row, and truth values as numbers', async () => {
	const { tensors } = await parse({
		inputs: {
			mask: {
				dtype: 'bool',
				shape: [2, 2],
				data: [
					[true, false],
					[1, 0],
				],
			},
		},
	});
	expect([...tensors[0]!.data]).toEqual([1, 0, 1, 0]);
});

it.each([
	['not JSON', '{"inputs": ', 'prompt.json is not JSON'],
	['no inputs', '{}', 'prompt.json: inputs: expected an object, got nothing'],
	['a list of inputs', '{"inputs": []}', 'prompt.json: inputs: expected an object, got []'],
])('refuses %s', async (_, text, message) => {
	await expect(parseInputFile(text, 'prompt.json', nothingBeside)).rejects.toThrow(message);
});

it.each([
	[{ dtype: 'int4' }, 'inputs.ids.dtype: expected one of float32'],
	[{ shape: [1, -3] }, 'inputs.ids.shape[1]: expected a size, got -3'],
	[{ data: [5, 6] }, 'inputs.ids.data: expected 3 numbers for shape [1, 3], got 2'],
	[{ data: [5, 'six', 7] }, 'inputs.ids.data[1]: expected a number, got "six"'],
	[{ data: [5, 6.5, 7] }, 'inputs.ids.data[1]: 6.5 is not a number that int64 can hold'],
	[{ npz: '../secret.npz' }, 'inputs.ids.npz: expected a file beside the input file'],
])('says where %j does not fit', async (more, message) => {
	await expect(parse(ids(more))).rejects.toThrow(message);
});

it('takes large arrays from an .npz beside the file', async () => {
	const archive = zipSync({ 'x.npy': npy("'<f4'", '(2, 1)', new Float32Array([1.5, -2])) });
	const input = await parseInputFile(
		JSON.stringify({ inputs: { x: { npz: 'arrays.npz' } } }),
		'prompt.json',
		(name) => Promise.resolve(name === 'arrays.npz' ? archive : new Uint8Array()),
	);
	const [x] = input.tensors;
	expect(x).toMatchObject({ name: 'x', dtype: 'float32', shape: [2, 1] });
	expect(decodeElements('float32', x!.data)).toEqual([1.5, -2]);
});

it.each([
	["'>f4'", '(1,)', 4, 'expected little-endian'],
	["'<f4'", '(2,)', 4, 'expected 8 bytes for shape [2], got 4'],
	["'<U3'", '(1,)', 4, 'expected little-endian'],
])('refuses an array of %s %s', async (descr, shape, bytes, message) => {
	const archive = zipSync({ 'x.npy': npy(descr, shape, new Uint8Array(bytes)) });
	await expect(
		parseInputFile(JSON.stringify({ inputs: { x: { npz: 'a.npz' } } }), 'p.json', () =>
			Promise.resolve(archive),
		),
	).rejects.toThrow(message);
});

it('names the arrays that an archive has when the one asked for is not there', async () => {
	const archive = zipSync({ 'y.npy': npy("'<f4'", '(1,)', new Float32Array(1)) });
	await expect(
		parseInputFile(JSON.stringify({ inputs: { x: { npz: 'a.npz' } } }), 'p.json', () =>
			Promise.resolve(archive),
		),
	).rejects.toThrow('a.npz holds no array named x; it has y');
});

it('refuses every cut of an archive with a sentence', async () => {
	const archive = zipSync({ 'x.npy': npy("'<f4'", '(1,)', new Float32Array(1)) });
	for (let length = 0; length < archive.length; length++)
		await expect(
			parseInputFile(JSON.stringify({ inputs: { x: { npz: 'a.npz' } } }), 'p.json', () =>
				Promise.resolve(archive.subarray(0, length)),
			),
		).rejects.toMatchObject({ name: 'InputError' });
});

function npy(descr: string, shape: string, data: ArrayBufferView): Uint8Array {
	const header = `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }`;
	const bytes = new Uint8Array(10 + header.length + data.byteLength);
	bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 0xff, header.length >> 8]);
	bytes.set(new TextEncoder().encode(header), 10);
	bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + header.length);
	return bytes;
}
