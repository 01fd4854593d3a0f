import type { Graph } from '../onnx/model-index.ts';
import { intOf, type FlatNode } from './flat-node.ts';

const castTargets: Readonly<Record<number, string>> = {
	1: 'float32',
	2: 'uint8',
	3: 'int8',
	5: 'int16',
	6: 'int32',
	7: 'int64',
	9: 'bool',
	10: 'float16',
	11: 'float64',
	16: 'bfloat16',
};

const boolean = new Set([
	'Equal',
	'Less',
	'Greater',
	'LessOrEqual',
	'GreaterOrEqual',
	'Not',
	'And',
	'Or',
	'Xor',
	'IsNaN',
	'IsInf',
]);
const whole = new Set(['Shape', 'Size', 'ArgMax', 'ArgMin', 'NonZero', 'SequenceLength', 'NonMaxSuppression']); // prettier-ignore
/** Their first input says nothing of what comes out: a number of turns, a condition, nothing. */
const untold = new Set(['Loop', 'If', 'SequenceEmpty']);

/** Type of a node's results from those of its inputs; null where it is not known. */
export function dtypeAfter(
	node: FlatNode,
	dtypeOf: (name: string) => string | null,
): string | null {
	if (node.opType === 'Cast') return castTargets[intOf(node, 'to') ?? 0] ?? null;
	if (node.opType === 'CastLike') return dtypeOf(node.inputs[1] ?? '');
	if (boolean.has(node.opType)) return 'bool';
	if (whole.has(node.opType)) return 'int64';
	if (node.opType === 'ConstantOfShape') {
		const fill = node.attributes.get('value');
		return fill?.kind === 'tensor' ? fill.value.dtype : 'float32';
	}
	if (node.opType === 'DequantizeLinear') return 'float32';
	if (node.opType === 'QuantizeLinear') return dtypeOf(node.inputs[2] ?? '') ?? 'uint8';
	if (node.opType === 'DynamicQuantizeLinear') return 'uint8';
	if (node.opType === 'MatMulInteger') return 'int32';
	if (node.opType === 'MatMulIntegerToFloat') return 'float32';
	if (untold.has(node.opType)) return null;
	const source = /^(Where|SequenceInsert)$/.test(node.opType) ? node.inputs[1] : node.inputs[0];
	return source ? dtypeOf(source) : null;
}

/**
 * Types of all results of nodes that stand in an order in which they can run.
 *
 * @param around types of what a subgraph catches from the graph that it stands in
 */
export function dtypesIn(
	graph: Graph,
	nodes: readonly FlatNode[],
	around: (name: string) => string | null = () => null,
): (name: string) => string | null {
	const dtypes = new Map<string, string>();
	const note = (name: string, dtype: string | null) => dtype && dtypes.set(name, dtype);
	for (const [name, { dtype }] of graph.initializers) note(name, dtype);
	for (const { name, dtype } of [...graph.valueInfo.values(), ...graph.outputs, ...graph.inputs]) note(name, dtype); // prettier-ignore
	const dtypeOf = (name: string) => dtypes.get(name) ?? around(name);
	for (const node of nodes) {
		const value = node.opType === 'Constant' ? node.attributes.get('value') : undefined;
		const dtype = value?.kind === 'tensor' ? value.value.dtype : dtypeAfter(node, dtypeOf);
		for (const output of node.outputs) if (output) note(output, dtype);
	}
	return dtypeOf;
}
