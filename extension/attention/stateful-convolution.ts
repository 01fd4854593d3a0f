import type { Facts } from './facts.ts';
import { intOf, type FlatNode } from './flat-node.ts';
import type { Finding, FormFinder } from './form.ts';
import { sliceBounds } from './value-rules.ts';

/**
 * `CausalConvWithState` written out: a filter channel by channel over what is left of the tokens before and the tokens at
 * hand, and of the two together the last few are handed on.
 */
export const statefulConvolution: FormFinder = {
	id: 'stateful-convolution',
	find: (facts) =>
		facts.scope.nodes.flatMap((node) => (node.opType === 'Conv' ? (read(node, facts) ?? []) : [])),
};

function read(node: FlatNode, facts: Facts): Finding | null {
	const { scope } = facts;
	const [padded = '', weight = ''] = node.inputs;
	const [, perGroup, width] = facts.shapeOf(weight) ?? [];
	if (perGroup !== 1 || facts.rankOf(weight) !== 3 || typeof width !== 'number') return null;
	const joined = scope.producerOf(padded);
	if (width < 2 || joined?.opType !== 'Concat' || joined.inputs.length !== 2) return null;
	const [before = '', input = ''] = joined.inputs;
	const axis = intOf(joined, 'axis');
	if ((axis !== 2 && axis !== -1) || facts.shapeOf(before)?.[2] !== width - 1) return null;
	const state = scope.consumersOf(padded).find((use) => isTail(use, facts))?.outputs[0];
	if (state === undefined) return null;
	return {
		node,
		site: {
			form: 'convolution',
			kind: 'decomposed',
			operator: null,
			heads: null,
			kvHeads: null,
			headSize: null,
			scale: null,
			softCap: null,
			mask: 'causal',
			window: width,
			cross: false,
			tensors: {
				q: null,
				k: null,
				v: { name: input, axes: 'BDT' },
				scores: null,
				weights: null,
				kernel: { name: weight, axes: '' },
				output: { name: node.outputs[0] ?? '', axes: 'BDT' },
				state: { name: state, axes: '' },
			},
			maskMeans: null,
			confidence: 0.8,
			notes: ['the same filter mixes tokens of every input; its last tokens are handed on'],
		},
	};
}

/** The last tokens, handed out of the graph. */
function isTail(node: FlatNode, facts: Facts): boolean {
	if (node.opType !== 'Slice') return false;
	const results = new Set(facts.scope.graph.outputs.map(({ name }) => name));
	const cut = sliceBounds(node, facts)?.some(({ axis, start }) => (axis === 2 || axis === -1) && start !== 0); // prettier-ignore
	return cut === true && results.has(node.outputs[0] ?? '');
}
