import type { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';

const passing = new Set('Identity Cast Unsqueeze Squeeze Expand'.split(' '));
const MOST_STEPS = 12;

/**
 * The tensor that the results of all chunks are put together in, all tokens in one axis again; the given one where no such
 * is found.
 *
 * @param padded whether tokens that filled the last chunk are cut off again
 */
export function joinedFrom(first: string, padded: boolean, facts: Facts): string {
	let current = first;
	for (let steps = 0; steps < MOST_STEPS; steps++) {
		const [node, ...others] = facts.scope
			.consumersOf(current)
			.filter(({ opType }) => opType !== 'Shape');
		const next = node?.outputs[0];
		if (!node || next === undefined || others.length > 0) return first;
		const merges =
			node.opType === 'Reshape' && (facts.rankOf(next) ?? 0) === (facts.rankOf(current) ?? 0) - 1;
		if (merges) return padded ? cutFrom(next, facts) : next;
		if (node.opType === 'ScatterND' && node.inputs[2] === current) current = lastOf(node, facts);
		else if (node.opType === 'Concat' || passing.has(node.opType)) current = next;
		else if (node.opType === 'Reshape') current = next;
		else return first;
	}
	return first;
}

/** The last of several writings into one tensor. */
function lastOf(node: FlatNode, facts: Facts): string {
	let last = node.outputs[0] ?? '';
	for (let steps = 0; steps < 4096; steps++) {
		const next = facts.scope
			.consumersOf(last)
			.find(({ opType, inputs }) => opType === 'ScatterND' && inputs[0] === last);
		if (!next?.outputs[0]) break;
		last = next.outputs[0];
	}
	return last;
}

const cutFrom = (name: string, facts: Facts): string =>
	facts.scope.consumersOf(name).find(({ opType }) => opType === 'Slice')?.outputs[0] ?? name;
