import type { Facts } from './facts.ts';
import { intOf, intsOf, type FlatNode } from './flat-node.ts';
import type { Finding, FormFinder } from './form.ts';
import { originsOf } from './onward.ts';
import { untouched } from './weights.ts';

/** What may stand between the convolution and its gate: cutting the tail, turning the axes back. */
const tidying = new Set([
	'Slice',
	'Transpose',
	'Identity',
	'Cast',
	'Reshape',
	'Unsqueeze',
	'Squeeze',
	'Gather',
	'Add',
]);
const MOST_STEPS = 8;

/** A convolution over tokens, channel by channel, times a projection of the same input. */
export const gatedConvolution: FormFinder = {
	id: 'gated-convolution',
	find: (facts) =>
		facts.scope.nodes.flatMap((node) => {
			const finding = node.opType === 'Conv' ? read(node, facts) : null;
			return finding ? [finding] : [];
		}),
};

function read(node: FlatNode, facts: Facts): Finding | null {
	const [input = '', weight = ''] = node.inputs;
	const shape = facts.shapeOf(weight);
	const [channels, perGroup, kernel] = shape ?? [];
	const alongTokens = shape?.length === 3 || (shape?.length === 4 && shape[2] === 1);
	const width = shape?.length === 4 ? shape[3] : kernel;
	if (!alongTokens || perGroup !== 1 || (intOf(node, 'group') ?? 1) < 2) return null;
	if (typeof width !== 'number' || width < 2) return null;
	const gated = gateOf(node.outputs[0] ?? '', facts);
	// a tensor that its own filtering weighs has no second factor
	if (!gated || untouched(gated.gate, facts) === untouched(input, facts)) return null;
	const causal = isCausal(node, width, facts);
	const padding = facts.scope.producerOf(input);
	const values = padding?.opType === 'Pad' ? (padding.inputs[0] ?? input) : input;
	return {
		node: gated.node,
		site: {
			form: 'convolution',
			kind: 'decomposed',
			operator: null,
			heads: null,
			kvHeads: null,
			headSize: null,
			scale: null,
			softCap: null,
			mask: causal ? 'causal' : 'none',
			window: width,
			cross: false,
			tensors: {
				q: { name: gated.gate, axes: '' },
				k: null,
				v: { name: values, axes: 'BDT' },
				scores: null,
				weights: null,
				kernel: { name: weight, axes: '' },
				output: { name: gated.node.outputs[0] ?? '', axes: '' },
			},
			maskMeans: null,
			confidence: typeof channels === 'number' ? 0.8 : 0.6,
			notes: [
				'the same filter mixes tokens of every input; the second factor depends on the input',
			],
		},
	};
}

/** The product with something that is not made from the convolution itself. */
export function gateOf(first: string, facts: Facts): { node: FlatNode; gate: string } | null {
	let current = first;
	for (let steps = 0; steps < MOST_STEPS; steps++) {
		const consumers = facts.scope.consumersOf(current);
		const product = consumers.find(({ opType }) => opType === 'Mul');
		if (product) {
			const gate = product.inputs.find((name) => name !== current) ?? '';
			const own = originsOf(gate, facts, 60).has(first);
			return !own && isProjection(gate, first, facts) && isPerToken(gate, product, facts)
				? { node: product, gate }
				: null;
		}
		const next = consumers.find(({ opType }) => tidying.has(opType));
		if (!next?.outputs[0]) return null;
		current = next.outputs[0];
	}
	return null;
}

/** A gate of one number for all tokens weighs channels, as squeeze and excitation does. */
function isPerToken(gate: string, { outputs }: FlatNode, facts: Facts): boolean {
	const [own, all] = [facts.shapeOf(gate), facts.shapeOf(outputs[0] ?? '')];
	if (!own || !all || own.length !== all.length) return true;
	return own.every((dim, axis) => axis === 0 || dim !== 1 || all[axis] === 1);
}

const gateOps = new Set([
	'Add',
	'Sigmoid',
	'Mul',
	'Transpose',
	'Reshape',
	'Split',
	'Slice',
	'Tanh',
	'Identity',
	'Cast',
	'Gelu',
	'Elu',
	'Relu',
	'Erf',
	'Div',
]);

/** Made by a product with a weight, and not from the convolution. */
function isProjection(gate: string, convolution: string, facts: Facts): boolean {
	const { scope } = facts;
	const queue = [gate];
	let projected = false;
	for (let at = 0; at < queue.length && at < 40; at++) {
		const name = queue[at]!;
		if (name === convolution) return false;
		const node = scope.producerOf(name);
		if (!node) continue;
		const weighs =
			['MatMul', 'Gemm', 'Conv'].includes(node.opType) &&
			node.inputs.some((i) => scope.isConstant(i));
		if (weighs) projected = true;
		else if (gateOps.has(node.opType))
			queue.push(...node.inputs.filter((i) => i && !scope.isConstant(i)));
		else if (node.opType === 'Conv' || node.opType === 'Gemm') return false;
	}
	return projected;
}

/** All of the padding before the first token, or as much behind, cut off again. */
function isCausal(node: FlatNode, width: number, facts: Facts): boolean {
	const reach = (width - 1) * (intsOf(node, 'dilations')?.at(-1) ?? 1);
	const apart = facts.scope.producerOf(node.inputs[0] ?? '');
	const [first, last] = apart?.opType === 'Pad' ? endsOf(padsOf(apart, facts)) : [0, 0];
	const [before, after] = endsOf(intsOf(node, 'pads') ?? []);
	const cut = facts.scope
		.consumersOf(node.outputs[0] ?? '')
		.some(({ opType }) => opType === 'Slice');
	return first + before >= reach && (last + after === 0 || cut);
}

const padsOf = (node: FlatNode, facts: Facts) => intsOf(node, 'pads') ?? facts.valueOf(node.inputs[1] ?? '') ?? []; // prettier-ignore

/** What stands before and after the last axis. */
const endsOf = (pads: readonly unknown[]) =>
	[pads.at(pads.length / 2 - 1), pads.at(-1)].map((pad) => (typeof pad === 'number' ? pad : 0)) as [number, number]; // prettier-ignore
