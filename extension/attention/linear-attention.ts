import type { Form, SiteTensor } from '../protocol/model.ts';
import { basesOf } from './carry.ts';
import type { Facts } from './facts.ts';
import { featureAxes } from './feature-axes.ts';
import type { FlatNode } from './flat-node.ts';
import type { Finding, FormFinder } from './form.ts';
import { countHeads } from './heads.ts';
import { isCross } from './lineage.ts';
import { readMasks } from './masks.ts';
import { normalisedBy } from './normaliser.ts';
import { contracted, readProduct, type Product } from './product.ts';
import { findScorePath, type MaskTerm, type ScorePath } from './score-path.ts';

/**
 * Attention without softmax: the product q·k, masked or normalised, multiplies a third tensor; or, in the other order,
 * q reads a state that is the sum of k v over all tokens.
 */
export const linearAttention: FormFinder = {
	id: 'linear',
	find(facts) {
		const taken = new Set<FlatNode>();
		return facts.scope.nodes.flatMap((node) => {
			const product = readProduct(node, facts);
			const chain = product && findChain(product, facts);
			if (!chain || taken.has(chain.path.product.node)) return [];
			const finding = describe(chain, facts);
			if (!finding) return [];
			taken.add(chain.path.product.node).add(node);
			return [finding];
		});
	},
};

/** A product whose one operand is made from another product. */
interface Chain {
	readonly outer: Product;
	/** How that operand comes from the inner product. */
	readonly path: ScorePath;
	/** The operand as it enters the outer product. */
	readonly weights: string;
	readonly third: string;
	/** Label of the inner product that the outer one sums over. */
	readonly summed: string;
}

function findChain(outer: Product, facts: Facts): Chain | null {
	const { scope } = facts;
	if (scope.isConstant(outer.left) || scope.isConstant(outer.right)) return null;
	for (const weights of [outer.left, outer.right]) {
		const path = findScorePath(weights, facts, 'kernel');
		const own = weights === outer.left ? outer.leftLabels : outer.rightLabels;
		if (!path?.labels || own?.length !== path.labels.length) continue;
		const { product } = path;
		if (
			product.node === outer.node ||
			scope.isConstant(product.left) ||
			scope.isConstant(product.right)
		)
			continue;
		const sums = contracted(outer);
		const summed = path.labels.filter((_, axis) => sums.includes(own[axis]!)).flatMap(basesOf);
		const [only] = summed;
		if (summed.length !== 1 || only === undefined || !isFree(only, product)) continue;
		const third = weights === outer.left ? outer.right : outer.left;
		return { outer, path, weights, third, summed: only };
	}
	return null;
}

function isFree(label: string, { leftLabels, rightLabels, outputLabels }: Product): boolean {
	return (
		(outputLabels?.includes(label) ?? false) &&
		leftLabels?.includes(label) !== rightLabels?.includes(label)
	);
}

function describe(chain: Chain, facts: Facts): Finding | null {
	const { product } = chain.path;
	const [shared] = contracted(product);
	const axis = shared === undefined ? -1 : (product.leftLabels?.indexOf(shared) ?? -1);
	const features = featureAxes(product.left, facts);
	if (axis < 0 || !features) return null;
	return features.has(axis) ? quadratic(chain, facts) : folded(chain, facts);
}

/** `(q·k) v`: the first product runs over features, the second over the keys. */
function quadratic(chain: Chain, facts: Facts): Finding | null {
	const { path, third, outer, summed } = chain;
	const { product } = path;
	const keysLeft = product.leftLabels!.includes(summed);
	const [q, k] = keysLeft ? [product.right, product.left] : [product.left, product.right];
	const norm = normalisedBy(chain.weights, outer.output, facts);
	const masks = readMasks(path.masks, facts);
	const evident =
		path.masks.length > 0 ||
		norm !== null ||
		path.notes.length > 0 ||
		areProjected([q, k, third], facts);
	if (!evident) return null;
	const decays = path.masks.some((mask) => isDecay(mask, facts));
	const operands = operandsOf(product, keysLeft);
	const count = countHeads(operands, facts);
	const letters = lettersOf(operands.batch, count.merged);
	const spell = (labels: readonly string[] | null) => spelt(labels, operands, letters);
	const notes = [
		...path.notes,
		...masks.notes,
		...(norm ? ['the sum of a row of weights divides the result'] : []),
	];
	return {
		node: outer.node,
		parts: [product.node, outer.node],
		site: {
			...plain(decays ? 'gated' : 'linear', count),
			epsilon: norm?.epsilon ?? null,
			scale: path.scale,
			mask: masks.kind,
			window: masks.window,
			cross: masks.kind !== 'causal' && isCross(q, k, facts),
			tensors: {
				q: { name: q, axes: spell(operands.qLabels) },
				k: { name: k, axes: spell(operands.kLabels) },
				v: tensorOf(third, valueAxes(chain, letters)),
				scores: { name: product.output, axes: spell(product.outputLabels) },
				weights: { name: chain.weights, axes: spell(path.labels) },
				output: tensorOf(norm?.output ?? outer.output, outputAxes(chain, spell(path.labels))),
				...(norm ? { normaliser: tensorOf(norm.divisor, '') } : {}),
				...masks.tensors,
			},
			maskMeans: masks.means,
			confidence: path.masks.length > 0 || norm ? 0.9 : 0.6,
			notes,
		},
	};
}

/** `q (k v)`: the first product runs over tokens and folds them into a state. */
function folded(chain: Chain, facts: Facts): Finding | null {
	const { path, third, outer, summed } = chain;
	const { product } = path;
	const queryAxes = featureAxes(third, facts);
	const thirdLabels = third === outer.left ? outer.leftLabels : outer.rightLabels;
	const axis = thirdLabels?.findIndex((label) => contracted(outer).includes(label)) ?? -1;
	if (!queryAxes?.has(axis)) return null;
	const keysLeft = product.leftLabels!.includes(summed);
	const [k, v] = keysLeft ? [product.left, product.right] : [product.right, product.left];
	const kLabels = keysLeft ? product.leftLabels : product.rightLabels;
	const batch = thirdLabels!.filter(
		(l) =>
			outer.outputLabels?.includes(l) &&
			outer.leftLabels?.includes(l) &&
			outer.rightLabels?.includes(l),
	);
	const count = countHeads(
		{ q: third, k, qLabels: thirdLabels, kLabels, batch, contracted: contracted(outer) },
		facts,
	);
	const norm = normalisedBy(null, outer.output, facts);
	return {
		node: outer.node,
		parts: [product.node, outer.node],
		site: {
			...plain('linear', count),
			epsilon: norm?.epsilon ?? null,
			scale: path.scale,
			mask: 'none',
			window: null,
			cross: isCross(third, k, facts),
			tensors: {
				q: tensorOf(third, ''),
				k: tensorOf(k, ''),
				v: tensorOf(v, ''),
				scores: null,
				weights: null,
				state: tensorOf(product.output, ''),
				output: tensorOf(norm?.output ?? outer.output, ''),
				...(norm ? { normaliser: tensorOf(norm.divisor, '') } : {}),
			},
			maskMeans: null,
			confidence: norm ? 0.9 : 0.7,
			notes: [...path.notes, 'keys and values of all tokens are folded into one state'],
		},
	};
}

function plain(form: Form, count: ReturnType<typeof countHeads>) {
	return {
		form,
		kind: 'decomposed' as const,
		operator: null,
		heads: count.heads,
		kvHeads: count.kvHeads,
		headSize: count.headSize,
		softCap: null,
	};
}

function operandsOf(product: Product, keysLeft: boolean) {
	const { left, right, leftLabels, rightLabels, outputLabels } = product;
	const batch = (outputLabels ?? []).filter(
		(l) => leftLabels?.includes(l) && rightLabels?.includes(l),
	);
	const rest = { batch, contracted: contracted(product) };
	return keysLeft
		? { q: right, k: left, qLabels: rightLabels, kLabels: leftLabels, ...rest }
		: { q: left, k: right, qLabels: leftLabels, kLabels: rightLabels, ...rest };
}

function lettersOf(batch: readonly string[], merged: boolean): ReadonlyMap<string, string> | null {
	const letters = ['', merged ? 'H' : 'B', 'BH', 'BGH'][batch.length];
	return letters === undefined ? null : new Map(batch.map((label, at) => [label, letters[at]!]));
}

type Operands = ReturnType<typeof operandsOf>;

/** Axis letters of a tensor of the inner product; empty where an axis is none of its own. */
function spelt(
	labels: readonly string[] | null,
	{ contracted: summed, qLabels, kLabels }: Operands,
	batch: ReadonlyMap<string, string> | null,
): string {
	const letters = labels?.map((label) => {
		const [base = ''] = basesOf(label).length === 1 ? basesOf(label) : [];
		if (base === '1' || base.startsWith('+')) return '1';
		if (summed.includes(base)) return 'K';
		return batch?.get(base) ?? (qLabels?.includes(base) ? 'T' : kLabels?.includes(base) ? 'S' : '');
	});
	return letters === undefined || batch === null || letters.includes('') ? '' : letters.join('');
}

/** The outer product's axes: those of the weights keep their letters, what the values bring is theirs. */
function outputAxes({ outer, weights }: Chain, weightAxes: string): string {
	const own = weights === outer.left ? outer.leftLabels : outer.rightLabels;
	if (weightAxes === '' || !own || !outer.outputLabels) return '';
	return outer.outputLabels
		.map((label) => (own.includes(label) ? weightAxes[own.indexOf(label)]! : 'V'))
		.join('');
}

/** Letters of the values' axes; the outer product's batch axes run as the inner's do. */
function valueAxes(
	{ outer, third, weights }: Chain,
	letters: ReadonlyMap<string, string> | null,
): string {
	const labels = third === outer.left ? outer.leftLabels : outer.rightLabels;
	const own = weights === outer.left ? outer.leftLabels : outer.rightLabels;
	if (!labels || !own || !letters) return '';
	const batch = [...letters.values()];
	const shared = labels.filter((l) => own.includes(l) && !contracted(outer).includes(l));
	if (shared.length !== batch.length) return '';
	return labels
		.map((l) =>
			shared.includes(l) ? batch[shared.indexOf(l)]! : contracted(outer).includes(l) ? 'S' : 'V',
		)
		.join('');
}

/** All three come from projections: a product of three activations that no model makes but to attend. */
function areProjected(names: readonly string[], facts: Facts): boolean {
	return names.every((name) => featureAxes(name, facts) !== null) && new Set(names).size === 3;
}

/** A mask of powers: what is further back counts less. */
function isDecay(mask: MaskTerm, facts: Facts): boolean {
	if (mask.kind !== 'times') return false;
	const queue = [mask.tensor];
	const seen = new Set(queue);
	for (let at = 0; at < queue.length && at < 60; at++) {
		const node = facts.scope.producerOf(queue[at]!);
		if (!node || node.opType === 'Shape') continue;
		if (node.opType === 'Exp' || node.opType === 'Pow') return true;
		for (const input of node.inputs) {
			if (input === '' || seen.has(input)) continue;
			seen.add(input);
			queue.push(input);
		}
	}
	return false;
}

const tensorOf = (name: string, axes: string): SiteTensor => ({ name, axes });
