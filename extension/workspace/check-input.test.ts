import { expect, it } from 'vitest';
import { model, node, tensor, value } from '../../test/models/build-model.ts';
import { bytesSource } from '../onnx/bytes-source.ts';
import { indexModel } from '../onnx/index-model.ts';
import type { ModelInput } from '../protocol/run.ts';
import { checkInput, isOfModel, noteOfForeign } from './check-input.ts';
import { encodeElements, type ElementType } from './element-types.ts';
import { makeInput } from './make-input.ts';
import { neededInputs, tokenInput } from './model-inputs.ts';

/** Ids into ten rows of an embedding, a mask of the same symbolic size, and a weight declared as an input. */
const index = await indexModel(
	bytesSource(
		model({
			input: [
				value('mask', 'int64', ['batch', 'seq']),
				value('ids', 'int64', ['batch', 'seq']),
				value('past', 'float32', ['batch', 2, 'past_seq', 4]),
				value('table', 'float32', [10, 4]),
			],
			initializer: [
				tensor(
					'table',
					[10, 4],
					Array.from({ length: 40 }, () => 0),
				),
			],
			node: [
				node('Identity', ['ids'], ['same']),
				node('Gather', ['table', 'same'], ['embedded'], { axis: 0 }),
			],
			output: [value('embedded')],
		}),
	),
);

interface Given {
	dtype?: ElementType;
	shape?: number[];
	data?: number[];
}

function input(given: Record<string, Given>, words: Partial<ModelInput> = {}): ModelInput {
	const base: Record<string, Given> = {
		ids: { shape: [1, 3], data: [1, 2, 9] },
		mask: { shape: [1, 3], data: [1, 1, 1] },
		past: { dtype: 'float32', shape: [1, 2, 0, 4], data: [] },
	};
	const tensors = Object.entries({ ...base, ...given }).map(
		([name, { dtype = 'int64', shape = [], data = [] }]) => ({
			name,
			dtype,
			shape,
			data: encodeElements(dtype, data),
		}),
	);
	return { source: 'prompt.json', tensors, tokens: [], labels: [], note: '', ...words };
}

it('accepts what fits', () => {
	expect(checkInput(index, input({}))).toEqual([]);
});

it('knows a weight from an input, and the ids by the embedding that they pick from', () => {
	expect(neededInputs(index).map(({ name }) => name)).toEqual(['mask', 'ids', 'past']);
	expect(tokenInput(neededInputs(index))).toMatchObject({ name: 'ids', vocabulary: 10 });
});

it.each([
	[
		'an id beyond the embedding',
		{ ids: { shape: [1, 3], data: [1, 10, 2] } },
		'prompt.json has the token id 10 at position 1 of ids, and the model knows 0 to 9.',
	],
	['a negative id', { ids: { shape: [1, 3], data: [-1, 1, 2] } }, 'the token id -1 at position 0'],
	[
		'another element type',
		{ ids: { dtype: 'int32', shape: [1, 3], data: [1, 2, 3] } },
		'ids (int64 [batch, seq]) takes int64, and prompt.json gives int32.',
	],
	[
		'another rank',
		{ ids: { shape: [3], data: [1, 2, 3] } },
		'has 2 axes, and prompt.json gives [3].',
	],
	[
		'another fixed size',
		{ past: { dtype: 'float32', shape: [1, 3, 0, 4], data: [] } },
		'past (float32 [batch, 2, past_seq, 4]) has size 2 on axis 1, and prompt.json gives 3.',
	],
	[
		'sizes that should agree',
		{ mask: { shape: [1, 2], data: [1, 1] } },
		'seq is 2 in mask and 3 in ids; both must be the same.',
	],
	[
		'a name that the model does not have',
		{ tokens: { shape: [1], data: [1] } },
		'prompt.json gives tokens, which the model does not have; it takes mask, ids, past.',
	],
] as const)('names %s', (_, given, sentence) => {
	const problems = checkInput(index, input(given as unknown as Record<string, Given>));
	expect(problems.join(' ')).toContain(sentence);
});

it('names what is missing', () => {
	const { tensors, ...rest } = input({});
	const without = { ...rest, tensors: tensors.filter(({ name }) => name !== 'mask') };
	expect(checkInput(index, without)).toEqual([
		"The model's input mask (int64 [batch, seq]) is missing in prompt.json.",
	]);
});

it('counts words and labels against positions', () => {
	expect(checkInput(index, input({}, { tokens: ['a'], labels: [1, 2, 3, 4] }))).toEqual([
		'prompt.json has 1 tokens for 3 positions.',
		'prompt.json has 4 labels for 3 positions.',
	]);
});

it('makes up an input that fits: ids of the embedding, ones for the mask, an empty cache', () => {
	const made = makeInput(index);
	expect(checkInput(index, made)).toEqual([]);
	expect(made.tensors.map(({ name, shape }) => [name, shape])).toEqual([
		['mask', [1, 32]],
		['ids', [1, 32]],
		['past', [1, 2, 0, 4]],
	]);
	expect(made.note).toContain('made up');
});

it('puts chosen ids in their place and fills in the rest at their length', () => {
	const made = makeInput(index, { ids: [4, 5], words: ['a', 'b'], source: 'typed token ids' });
	expect(checkInput(index, made)).toEqual([]);
	expect(made.tensors.find(({ name }) => name === 'mask')!.shape).toEqual([1, 2]);
	expect(made.tokens).toEqual(['a', 'b']);
	expect(checkInput(index, makeInput(index, { ids: [99], words: [], source: 'x' }))[0]).toContain(
		'the token id 99',
	);
});

it('says that a model takes no ids', async () => {
	const floats = await indexModel(
		bytesSource(
			model({
				input: [value('x', 'float32', [1, null, 8])],
				node: [node('Identity', ['x'], ['y'])],
				output: [value('y')],
			}),
		),
	);
	expect(() => makeInput(floats, { ids: [1], words: [], source: 'x' })).toThrow(
		'No input of the model takes token ids; it takes x (float32 [1, ?, 8]).',
	);
	expect(checkInput(floats, makeInput(floats))).toEqual([]);
});

it('knows the input of another model by its names', () => {
	const tensors = [
		{ name: 'pixel_values', dtype: 'float32' as const, shape: [1], data: new Uint8Array(4) },
	];
	const foreign = { ...input({}), tensors };
	expect(isOfModel(index, input({}))).toBe(true);
	expect(isOfModel(index, foreign)).toBe(false);
	expect(noteOfForeign(index, foreign)).toBe(
		'prompt.json beside the model gives pixel_values and the model takes mask, ids, past, so the input was made up.',
	);
});
