import type { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';

/** Where a value of one turn stands outside, over all turns. */
export interface Outside {
	readonly name: string;
	/** Axis of the outer tensor that runs over turns, `own` for one that is not known; null where it is one turn alone. */
	readonly axis: number | 'own' | null;
	/** Operators between the two that change the numbers. */
	readonly changes: readonly string[];
	/** The numbers between the two, multiplied. */
	readonly factor: number;
}

/** What one turn of a recurrence is taken from and put into. */
export interface Frame {
	/** Of the graph in which the outer tensors stand. */
	readonly around: Facts;
	/** The sequence that a value of one turn is taken from; null where it is made inside. */
	sourceOf(name: string): Outside | null;
	/** The sequence that collects a value of each turn; null where none does. */
	resultOf(name: string): Outside | null;
}

export const copies: ReadonlySet<string> = new Set([
	'Identity',
	'Cast',
	'CastLike',
	'Unsqueeze',
	'Squeeze',
	'Reshape',
	'Transpose',
	'Expand',
]);
export const mapping: ReadonlySet<string> = new Set([
	'Exp',
	'Sigmoid',
	'Neg',
	'Mul',
	'Div',
	'Softplus',
]);

/**
 * What an `If` only squeezes or passes on: an exporter that does not know a size asks for it when the graph runs.
 *
 * @returns the one value that both branches lay out anew
 */
export function squeezedBy(node: FlatNode): string | null {
	if (node.opType !== 'If') return null;
	const sources = new Set<string>();
	for (const attribute of node.attributes.values()) {
		if (attribute.kind !== 'graph') continue;
		const { nodes } = attribute.value;
		const made = new Set(nodes.flatMap(({ outputs }) => outputs));
		for (const { opType, inputs } of nodes) {
			if (opType === 'Constant') continue;
			if (!copies.has(opType)) return null;
			if (!made.has(inputs[0] ?? '')) sources.add(node.named(inputs[0] ?? ''));
		}
	}
	const [only] = sources;
	return sources.size === 1 ? only! : null;
}

/** One step back from a value: through a copy, or through a function of its numbers. */
export function stepBack(
	name: string,
	facts: Facts,
): { readonly from: string; readonly change: string | null; readonly factor: number } | null {
	const node = facts.scope.producerOf(name);
	if (!node) return null;
	const [first = ''] = node.inputs;
	const squeezed = squeezedBy(node);
	if (squeezed !== null) return { from: squeezed, change: null, factor: 1 };
	if (copies.has(node.opType)) return { from: first, change: null, factor: 1 };
	if (!mapping.has(node.opType)) return null;
	const data = carrierOf(node, facts);
	const number = facts.numberOf(node.inputs.find((input) => input !== data) ?? '');
	if (number !== null && (node.opType === 'Mul' || (node.opType === 'Div' && data === first)))
		return { from: data, change: null, factor: node.opType === 'Mul' ? number : 1 / number };
	return { from: data, change: node.opType, factor: 1 };
}

/** Of the operands that are no plain number the one that has the result's shape: the others are factors. */
function carrierOf({ inputs, outputs }: FlatNode, facts: Facts): string {
	const among = inputs.filter((input) => input && facts.numberOf(input) === null);
	const whole = facts.shapeOf(outputs[0] ?? '');
	const isWhole = (name: string) =>
		facts.rankOf(name) === whole?.length && facts.shapeOf(name)?.every((dim, at) => dim === whole[at]); // prettier-ignore
	return among.find(isWhole) ?? among[0] ?? '';
}

/** One step on from a value to the first output of a node that reads it. */
export function stepOn(
	node: FlatNode,
	from: string,
	facts: Facts,
): { readonly change: string | null; readonly factor: number } | null {
	const one = node.opType === 'Gather' && facts.valueOf(node.inputs[1] ?? '')?.length === 1;
	if (one || copies.has(node.opType))
		return node.inputs[0] === from ? { change: null, factor: 1 } : null;
	if (!mapping.has(node.opType)) return null;
	const number = facts.numberOf(node.inputs.find((input) => input !== from) ?? '');
	const divides = node.opType === 'Div' && node.inputs[0] === from;
	if (number !== null && (node.opType === 'Mul' || divides))
		return { change: null, factor: divides ? 1 / number : number };
	return { change: node.opType, factor: 1 };
}
