import type { Dimension, Graph, ModelIndex, ValueInfo } from '../onnx/model-index.ts';
import { meaningOf, type InputMeaning } from './input-meaning.ts';

/** An input that a run must give. */
export interface NeededInput extends ValueInfo {
	/** Rows of the embedding that it indexes: its ids are 0 to this minus 1. Null where no embedding was found. */
	readonly vocabulary: number | null;
	/** What the numbers of an integer input are; null where nothing tells. */
	readonly meaning: InputMeaning | null;
}

/** Graph inputs without those that only declare a weight, as files before IR version 4 do. */
export function neededInputs({ graph }: ModelIndex): NeededInput[] {
	return graph.inputs
		.filter(({ name }) => !graph.initializers.has(name))
		.map((input) => ({
			...input,
			vocabulary: vocabularyOf(graph, input),
			meaning: input.dtype.startsWith('int')
				? meaningOf(graph, input.name, input.shape?.length ?? 2)
				: null,
		}));
}

/** The input that token ids go into, or undefined where none is told apart. */
export function tokenInput(inputs: readonly NeededInput[]): NeededInput | undefined {
	const integers = inputs.filter(({ dtype }) => dtype === 'int64' || dtype === 'int32');
	const named = integers.find(({ name }) => /(^|[_.])(ids?|tokens?)$/i.test(name));
	const isSide = ({ name }: NeededInput) => /mask|position|type|segment|past|cache/i.test(name);
	const plain = integers.filter((input) => !isSide(input) && input.meaning === null);
	return (
		plain.find(({ vocabulary }) => vocabulary !== null) ??
		(named && !isSide(named) ? named : undefined) ??
		(plain.length === 1 ? plain[0] : undefined)
	);
}

export function shapeText(shape: readonly Dimension[] | null): string {
	return shape === null ? 'any shape' : `[${shape.map((size) => size ?? '?').join(', ')}]`;
}

const passing = new Set(['Cast', 'Identity', 'Reshape', 'Unsqueeze', 'Squeeze', 'Flatten']);

/** Follows the ids to the first table of weights that they pick rows of. */
function vocabularyOf(graph: Graph, input: ValueInfo): number | null {
	if (!input.dtype.startsWith('int')) return null;
	const same = new Set([input.name]);
	// nodes stand in topological order, so one pass sees every value after its producer
	for (const { opType, inputs, outputs, attributes } of graph.nodes) {
		if (passing.has(opType) && same.has(inputs[0] ?? '')) same.add(outputs[0] ?? '');
		const axis = attributes.get('axis');
		const picksRows = opType === 'Gather' && (axis?.kind !== 'int' || axis.value === 0);
		const table = picksRows && same.has(inputs[1] ?? '') && graph.initializers.get(inputs[0] ?? '');
		if (table && table.dims.length === 2) return table.dims[0] ?? null;
	}
	return null;
}
