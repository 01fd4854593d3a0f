import type { SiteTensor } from '../protocol/model.ts';
import type { Facts } from './facts.ts';
import { intsOf, type FlatNode } from './flat-node.ts';
import type { Finding, FormFinder } from './form.ts';
import { usesOf } from './onward.ts';

/**
 * Several inputs in one attention (MIMOFormer, arXiv:2312.02829): queries, keys and values of a grid of inputs are multiplied
 * with fixed keys and summed over the grid's rows or columns; random features of the sums share one state.
 * Grid axes are written `M` (rows) and `N` (columns), random features `F`.
 */
export const superposedAttention: FormFinder = {
	id: 'superposed',
	find: (facts) => facts.scope.nodes.flatMap((node) => readQuotient(node, facts) ?? []),
};

/** Operators that pass a tensor on with its numbers as they are. */
const SAME = new Set(['Unsqueeze', 'Squeeze', 'Identity', 'Cast', 'Transpose', 'Reshape']);

/** The nearest node behind a tensor that does more than lay it out anew. */
function behind(name: string, facts: Facts): FlatNode | undefined {
	let node = facts.scope.producerOf(name);
	for (let steps = 0; node && SAME.has(node.opType) && steps < 12; steps++) {
		node = facts.scope.producerOf(node.inputs[0] ?? '');
	}
	return node;
}

interface Bound {
	/** What is multiplied with the key, and the key as it is multiplied. */
	readonly tensor: string;
	readonly keys: string;
	/** Grid axis that the products are summed over. */
	readonly axis: number;
}

/** A sum over one axis of a tensor times keys. */
function readBound(node: FlatNode | undefined, facts: Facts): Bound | null {
	if (node?.opType !== 'ReduceSum') return null;
	const axes = intsOf(node, 'axes') ?? facts.valueOf(node.inputs[1] ?? '');
	const product = facts.scope.producerOf(node.inputs[0] ?? '');
	const [axis] = axes ?? [];
	if (product?.opType !== 'Mul' || axes?.length !== 1 || typeof axis !== 'number') return null;
	const [left = '', right = ''] = product.inputs;
	const keys = [left, right].find((side) => comesFromWeight(side, facts));
	if (keys === undefined) return null;
	return { tensor: keys === left ? right : left, keys, axis };
}

/** A view of a weight, cut at sizes that the input gives. */
function comesFromWeight(name: string, facts: Facts): boolean {
	let current = name;
	for (let steps = 0; steps < 16; steps++) {
		if (facts.scope.graph.initializers.has(current)) return true;
		const node = facts.scope.producerOf(current);
		if (!node || !(SAME.has(node.opType) || node.opType === 'Slice')) return false;
		current = node.inputs[0] ?? '';
	}
	return false;
}

interface Features {
	readonly bound: Bound;
	/** `[K, F]`. */
	readonly projection: string;
	readonly epsilon: number;
	readonly kind: 'relu' | 'exp';
}

/** `relu(P x) + ε` or `exp(P x) + ε` of a bundle x. */
function readFeatures(name: string, facts: Facts): Features | null {
	const sum = behind(name, facts);
	if (sum?.opType !== 'Add') return null;
	const constant = sum.inputs.find((input) => facts.numberOf(input) !== null);
	const rest = sum.inputs.find((input) => input !== constant);
	const kink = behind(rest ?? '', facts);
	if (constant === undefined || (kink?.opType !== 'Relu' && kink?.opType !== 'Exp')) return null;
	const product = facts.scope.producerOf(kink.inputs[0] ?? '');
	const projection = product?.inputs[1] ?? '';
	if (product?.opType !== 'MatMul' || !facts.scope.isConstant(projection)) return null;
	let inner = behind(product.inputs[0] ?? '', facts);
	// the fourth root of the head's size
	if (inner?.opType === 'Mul' || inner?.opType === 'Div') {
		inner = behind(
			inner.inputs.find((input) => readBound(behind(input, facts), facts)) ?? '',
			facts,
		);
	}
	const bound = readBound(inner, facts);
	const kind = kink.opType === 'Relu' ? 'relu' : 'exp';
	return bound && { bound, projection, epsilon: facts.numberOf(constant)!, kind };
}

function readQuotient(node: FlatNode, facts: Facts): Finding | null {
	if (node.opType !== 'Div') return null;
	const [numerator = '', denominator = ''] = node.inputs;
	const read = behind(numerator, facts);
	if (read?.opType !== 'MatMul') return null;
	const query = readFeatures(read.inputs[0] ?? '', facts);
	const state = behind(read.inputs[1] ?? '', facts);
	if (!query || state?.opType !== 'ReduceSum') return null;
	const fold = behind(state.inputs[0] ?? '', facts);
	if (fold?.opType !== 'MatMul') return null;
	const key = readFeatures(fold.inputs[0] ?? '', facts);
	const value = readBound(behind(fold.inputs[1] ?? '', facts), facts);
	if (!key || !value || value.keys !== query.bound.keys) return null;
	const scored = behind(denominator, facts);
	const shared = isSummedTwice(scored?.inputs[1] ?? '', facts);
	return describe(node, { query, key, value, shared }, facts, [read, fold]);
}

/** Whether the mass of the features is summed over grid rows too. */
function isSummedTwice(name: string, facts: Facts): boolean {
	const sum = behind(name, facts);
	return sum?.opType === 'ReduceSum' && behind(sum.inputs[0] ?? '', facts)?.opType === 'ReduceSum';
}

interface Parts {
	readonly query: Features;
	readonly key: Features;
	readonly value: Bound;
	readonly shared: boolean;
}

function describe(
	node: FlatNode,
	{ query, key, value, shared }: Parts,
	facts: Facts,
	parts: readonly FlatNode[],
): Finding {
	const [quotient = ''] = node.outputs;
	const unbinding = unbound(quotient, facts);
	const q = beforeDivision(query.bound.tensor, facts);
	const [heads = null, , headSize = null] = facts.shapeOf(q)?.slice(-3) ?? [];
	const tensor = (name: string, axes: string): SiteTensor => ({ name, axes });
	const number = (dim: unknown) => (typeof dim === 'number' ? dim : null);
	const keySize = number(headSize) ?? number(facts.shapeOf(query.projection)?.[0]);
	return {
		node,
		parts,
		site: {
			form: 'superposed',
			kind: 'decomposed',
			operator: 'linear',
			heads: number(heads),
			kvHeads: number(heads),
			headSize: keySize,
			scale: null,
			softCap: null,
			epsilon: null,
			mask: 'none',
			window: null,
			cross: false,
			tensors: {
				q: tensor(q, 'BMNHTK'),
				k: tensor(beforeDivision(key.bound.tensor, facts), 'BMNHTK'),
				v: tensor(value.tensor, 'BMNHTV'),
				scores: null,
				weights: null,
				output: shared
					? tensor(quotient, 'BNHTV')
					: tensor(unbinding?.tensor ?? quotient, 'BMNHTV'),
				keys: tensor(query.bound.keys, 'MN11K'),
				projection: tensor(query.projection, 'KF'),
				quotient: tensor(quotient, shared ? 'BNHTV' : ''),
				...(unbinding && {
					bundle: tensor(unbinding.from, ''),
					unbindKeys: tensor(unbinding.keys, shared ? 'MN1D' : 'MN11K'),
					unbound: tensor(unbinding.tensor, shared ? 'BMNTD' : 'BMNHTV'),
				}),
			},
			maskMeans: null,
			confidence: 0.9,
			notes: [
				'keys bind before and unbind after: several inputs share this attention',
				`random features: ${query.kind}, epsilon ${query.epsilon}`,
				`denominator: ${shared ? 'shared' : 'cell'}`,
			],
		},
	};
}

/** The tensor before it was divided by one number: the operator divides by itself. */
function beforeDivision(name: string, facts: Facts): string {
	const node = facts.scope.producerOf(name);
	return node?.opType === 'Div' ? (node.inputs[0] ?? name) : name;
}

/** Where what was superposed is multiplied with keys again, here or at the end of the block. */
function unbound(quotient: string, facts: Facts) {
	for (const { node, from } of usesOf(quotient, facts, 16)) {
		const keys = node.inputs.find((input) => input !== from && comesFromWeight(input, facts));
		if (node.opType !== 'Mul' || keys === undefined || (facts.rankOf(keys) ?? 4) < 3) continue;
		return { from, keys, tensor: node.outputs[0] ?? '' };
	}
	return null;
}
