import type { ModelIndex } from '../onnx/model-index.ts';
import type { InputTensor, ModelInput } from '../protocol/run.ts';
import { decodeElements, isElementType } from './element-types.ts';
import { neededInputs, shapeText, tokenInput, type NeededInput } from './model-inputs.ts';

/**
 * What does not fit a model's inputs, a sentence each; empty where a run may start. Names, element types, shapes, symbolic
 * sizes that must agree, ids beyond the embedding, and the number of words and labels.
 */
export function checkInput(index: ModelIndex, input: ModelInput): string[] {
	const needed = neededInputs(index);
	const given = new Map(input.tensors.map((tensor) => [tensor.name, tensor]));
	const symbols = new Map<string, { size: number; of: string }>();
	return [
		...unknownNames(needed, input),
		...needed.flatMap((expected) => {
			const tensor = given.get(expected.name);
			return tensor
				? checkTensor(expected, tensor, symbols, input.source)
				: [`${describe(expected)} is missing in ${input.source}.`];
		}),
		...checkWords(needed, given, input),
	];
}

/** Whether an input gives anything that the model takes. */
export function isOfModel(index: ModelIndex, input: ModelInput): boolean {
	const names = new Set(neededInputs(index).map(({ name }) => name));
	return input.tensors.some(({ name }) => names.has(name));
}

/** What to say where the input was made up beside one of another model. */
export function noteOfForeign(index: ModelIndex, { source, tensors }: ModelInput): string {
	const [given, taken] = [tensors, neededInputs(index)].map((all) =>
		all.map(({ name }) => name).join(', '),
	);
	return `${source} beside the model gives ${given || 'nothing'} and the model takes ${taken || 'nothing'}, so the input was made up.`;
}

function describe({ name, dtype, shape }: NeededInput): string {
	return `The model's input ${name} (${dtype} ${shapeText(shape)})`;
}

function unknownNames(needed: readonly NeededInput[], input: ModelInput): string[] {
	const names = needed.map(({ name }) => name);
	return input.tensors
		.filter(({ name }) => !names.includes(name))
		.map(
			({ name }) =>
				`${input.source} gives ${name}, which the model does not have; it takes ${names.join(', ') || 'nothing'}.`,
		);
}

function checkTensor(
	expected: NeededInput,
	tensor: InputTensor,
	symbols: Map<string, { size: number; of: string }>,
	source: string,
): string[] {
	const { name, dtype, shape } = expected;
	if (!isElementType(dtype))
		return [`${describe(expected)} is of an element type that cannot be given.`];
	if (tensor.dtype !== dtype)
		return [`${describe(expected)} takes ${dtype}, and ${source} gives ${tensor.dtype}.`];
	if (shape !== null && shape.length !== tensor.shape.length)
		return [
			`${describe(expected)} has ${shape.length} axes, and ${source} gives ${shapeText(tensor.shape)}.`,
		];
	const problems = (shape ?? []).flatMap((size, axis) => {
		const got = tensor.shape[axis]!;
		if (typeof size === 'number')
			return size === got
				? []
				: [`${describe(expected)} has size ${size} on axis ${axis}, and ${source} gives ${got}.`];
		if (size === null || size === '') return [];
		const first = symbols.get(size) ?? { size: got, of: name };
		symbols.set(size, first);
		return first.size === got
			? []
			: [`${size} is ${first.size} in ${first.of} and ${got} in ${name}; both must be the same.`];
	});
	return [...problems, ...checkIds(expected, tensor, source)];
}

function checkIds({ name, vocabulary }: NeededInput, tensor: InputTensor, source: string) {
	if (vocabulary === null) return [];
	const ids = decodeElements(tensor.dtype, tensor.data);
	const at = ids.findIndex((id) => id < 0 || id >= vocabulary);
	return at < 0
		? []
		: [
				`${source} has the token id ${ids[at]!} at position ${at} of ${name}, and the model knows 0 to ${vocabulary - 1}.`,
			];
}

function checkWords(
	needed: readonly NeededInput[],
	given: ReadonlyMap<string, InputTensor>,
	{ tokens, labels, source }: ModelInput,
): string[] {
	const shape = given.get(tokenInput(needed)?.name ?? '')?.shape ?? [];
	const positions = shape.at(-1);
	if (positions === undefined) return [];
	// a grid of sequences may have one answer each instead of one a position
	const sequences = shape.length > 2 ? shape.slice(0, -1).reduce((all, size) => all * size, 1) : -1;
	return [
		{ what: 'tokens', length: tokens.length },
		{ what: 'labels', length: labels.length },
	]
		.filter(({ length }) => length !== 0 && length !== positions && length !== sequences)
		.map(({ what, length }) => `${source} has ${length} ${what} for ${positions} positions.`);
}
