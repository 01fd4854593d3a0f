import type { InputTensor, ModelInput } from '../protocol/run.ts';
import { elementTypes, encodeElements, firstUnfit, isElementType } from './element-types.ts';
import { InputError } from './input-error.ts';
import { readNpz } from './npz.ts';

/** Reads a file that stands beside the input file, by its bare name. */
export type ReadBeside = (name: string) => Promise<Uint8Array>;

/**
 * An input file:
 * `{"inputs": {NAME: {"dtype": "int64", "shape": [1, 64], "data": [...]}}, "tokens": [...], "labels": [...], "note": "..."}`.
 * Instead of `data` an input may have `"npz": "arrays.npz"` and `"array": "name"` (default: the input's own name).
 *
 * @param source what to call the file, such as `prompt.json`
 * @throws InputError `malformed`, saying where in the file, what was expected and what came
 */
export async function parseInputFile(
	text: string,
	source: string,
	readBeside: ReadBeside,
): Promise<ModelInput> {
	const file = table(parseJson(text, source), source);
	const inputs = Object.entries(table(file['inputs'], `${source}: inputs`));
	const tensors: InputTensor[] = [];
	for (const [name, given] of inputs)
		tensors.push(await parseTensor(name, given, `${source}: inputs.${name}`, readBeside));
	const words = list(file['tokens'] ?? [], `${source}: tokens`);
	return {
		source,
		tensors,
		tokens: words.map((word, i) => string(word, `${source}: tokens[${i}]`)),
		labels: numbers(file['labels'] ?? [], `${source}: labels`),
		note: string(file['note'] ?? '', `${source}: note`),
	};
}

async function parseTensor(
	name: string,
	given: unknown,
	where: string,
	readBeside: ReadBeside,
): Promise<InputTensor> {
	const tensor = table(given, where);
	if (tensor['npz'] !== undefined) return await parseArchived(name, tensor, where, readBeside);
	const dtype = string(tensor['dtype'], `${where}.dtype`);
	if (!isElementType(dtype))
		throw new InputError(
			'malformed',
			`${where}.dtype: expected one of ${Object.keys(elementTypes).join(', ')}, got ${dtype}`,
		);
	const shape = sizes(tensor['shape'], `${where}.shape`);
	const data = numbers(tensor['data'], `${where}.data`);
	const wanted = shape.reduce((a, b) => a * b, 1);
	if (data.length !== wanted)
		throw new InputError(
			'malformed',
			`${where}.data: expected ${wanted} numbers for shape [${shape.join(', ')}], got ${data.length}`,
		);
	const unfit = firstUnfit(dtype, data);
	if (unfit >= 0)
		throw new InputError(
			'malformed',
			`${where}.data[${unfit}]: ${data[unfit]!} is not a number that ${dtype} can hold`,
		);
	return { name, dtype, shape, data: encodeElements(dtype, data) };
}

async function parseArchived(
	name: string,
	tensor: Record<string, unknown>,
	where: string,
	readBeside: ReadBeside,
): Promise<InputTensor> {
	const file = string(tensor['npz'], `${where}.npz`);
	if (/[\\/]/.test(file) || file === '..')
		throw new InputError(
			'malformed',
			`${where}.npz: expected a file beside the input file, got the path ${file}`,
		);
	const array = string(tensor['array'] ?? name, `${where}.array`);
	const { dtype, shape, data } = readNpz(await readBeside(file), array, file);
	if (tensor['dtype'] !== undefined && tensor['dtype'] !== dtype)
		throw new InputError(
			'malformed',
			`${where}.dtype: expected what ${file} holds, ${dtype}, got ${JSON.stringify(tensor['dtype'])}`,
		);
	if (dtype === 'int16')
		throw new InputError(
			'malformed',
			`${where}: ${file} holds ${array} as int16, which no model takes; save it as int32 or int64`,
		);
	return { name, dtype, shape: [...shape], data };
}

function parseJson(text: string, source: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch (error) {
		throw new InputError('malformed', `${source} is not JSON: ${(error as Error).message}`);
	}
}

function malformed(where: string, expected: string, got: unknown): never {
	const shown = got === undefined ? 'nothing' : JSON.stringify(got).slice(0, 40);
	throw new InputError('malformed', `${where}: expected ${expected}, got ${shown}`);
}

function table(value: unknown, where: string): Record<string, unknown> {
	if (typeof value !== 'object' || value === null || Array.isArray(value))
		malformed(where, 'an object', value);
	return value as Record<string, unknown>;
}

function list(value: unknown, where: string): unknown[] {
	return Array.isArray(value) ? (value as unknown[]) : malformed(where, 'a list', value);
}

function string(value: unknown, where: string): string {
	return typeof value === 'string' ? value : malformed(where, 'text', value);
}

function sizes(value: unknown, where: string): number[] {
	return list(value, where).map((size, i) =>
		Number.isSafeInteger(size) && (size as number) >= 0
			? (size as number)
			: malformed(`${where}[${i}]`, 'a size', size),
	);
}

/** Nested lists are read row by row. */
function numbers(value: unknown, where: string): number[] {
	return list(value, where)
		.flat(Infinity)
		.map((item, i) => {
			if (typeof item === 'boolean') return item ? 1 : 0;
			return typeof item === 'number' ? item : malformed(`${where}[${i}]`, 'a number', item);
		});
}
