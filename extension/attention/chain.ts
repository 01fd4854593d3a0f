import { basesOf } from './carry.ts';
import type { Facts } from './facts.ts';
import { featureAxes } from './feature-axes.ts';
import type { FlatNode } from './flat-node.ts';
import { originsOf } from './onward.ts';
import { contracted, type Product } from './product.ts';
import { findScorePath, type ScorePath } from './score-path.ts';
import { readWeightedProduct } from './weighted-product.ts';
import { isWeight, untouched } from './weights.ts';

/** A product whose one operand is made from another product: three tensors, of which the middle one shares an axis with each. */
export interface Chain {
	readonly outer: Product;
	/** Multiplies the outer product's result in its own node; null for nothing. */
	readonly by: string | null;
	/** How that operand comes from the inner product. */
	readonly path: ScorePath;
	/** The operand as it enters the outer product. */
	readonly weights: string;
	readonly third: string;
	/** Labels of the inner product that it sums over itself, and that the outer one sums over. */
	readonly shared: string;
	readonly summed: string;
}

export function findChain(node: FlatNode, facts: Facts): Chain | null {
	const read = readWeightedProduct(node, facts);
	if (!read) return null;
	const { product: outer, by } = read;
	if (isWeight(outer.left, facts) || isWeight(outer.right, facts)) return null;
	// a tensor multiplied with itself weighs no third
	if (untouched(outer.left, facts) === untouched(outer.right, facts)) return null;
	for (const weights of [outer.left, outer.right]) {
		const path = findScorePath(weights, facts, 'kernel');
		const own = weights === outer.left ? outer.leftLabels : outer.rightLabels;
		if (!path?.labels || own?.length !== path.labels.length) continue;
		const { product } = path;
		if (
			product.node === outer.node ||
			isWeight(product.left, facts) ||
			isWeight(product.right, facts)
		)
			continue;
		const sums = contracted(outer);
		const summed = path.labels.filter((_, axis) => sums.includes(own[axis]!)).flatMap(basesOf);
		const [only] = summed;
		const [shared] = contracted(product);
		if (summed.length !== 1 || only === undefined || !isFree(only, product)) continue;
		const third = weights === outer.left ? outer.right : outer.left;
		if (shared === undefined) continue;
		return { outer, by, path, weights, third, shared, summed: only };
	}
	return null;
}

/** A matrix multiplied with itself along its other axis, or with what was made from it: powers and inverses by iteration. */
export function isPower(chain: Chain, facts: Facts): boolean {
	const { outer, third, path, summed } = chain;
	const { middle, middleLabels } = endsOf(chain);
	if (originsOf(third, facts, 200).has(path.product.output)) return true;
	if (middle !== third) return false;
	const labels = third === outer.left ? outer.leftLabels : outer.rightLabels;
	const sums = contracted(outer);
	return middleLabels!.indexOf(summed) !== labels!.findIndex((label) => sums.includes(label));
}

function isFree(label: string, { leftLabels, rightLabels, outputLabels }: Product): boolean {
	return (
		(outputLabels?.includes(label) ?? false) &&
		leftLabels?.includes(label) !== rightLabels?.includes(label)
	);
}

/** The middle tensor holds the keys; the ends are queries, which share features with it, and values, which share tokens. */
export function endsOf({ path, summed }: Chain) {
	const { left, right, leftLabels, rightLabels } = path.product;
	return leftLabels!.includes(summed)
		? { middle: left, middleLabels: leftLabels, end: right, endLabels: rightLabels }
		: { middle: right, middleLabels: rightLabels, end: left, endLabels: leftLabels };
}

/**
 * Which of a chain's two sums runs over features: where features come from is asked of all three tensors, and where none
 * tells, a length that only a run knows is that of tokens.
 *
 * @returns votes for each, `scores` where the inner sum runs over features, `state` where the outer one does
 */
export function readSums(chain: Chain, facts: Facts): { scores: number; state: number } {
	const { outer, third, shared, summed } = chain;
	const { middle, middleLabels, end, endLabels } = endsOf(chain);
	const votes = { scores: 0, state: 0 };
	const vote = (forScores: boolean | null) => {
		if (forScores !== null) votes[forScores ? 'scores' : 'state']++;
	};
	const isFeature = (name: string, axis: number) => featureAxes(name, facts)?.has(axis) ?? null;
	vote(isFeature(end, endLabels!.indexOf(shared)));
	const [a, b] = [shared, summed].map((label) => isFeature(middle, middleLabels!.indexOf(label)));
	if (a !== b) vote(a ?? null);
	const thirdLabels = third === outer.left ? outer.leftLabels : outer.rightLabels;
	const sums = contracted(outer);
	const last = isFeature(
		third,
		thirdLabels!.findIndex((label) => sums.includes(label)),
	);
	vote(last === null ? null : !last);
	if (votes.scores + votes.state > 0) return votes;
	const sizeOf = (label: string) => facts.shapeOf(middle)?.[middleLabels!.indexOf(label)];
	const [inner, outward] = [sizeOf(shared), sizeOf(summed)].map((size) => typeof size);
	if (inner === 'number' && outward === 'string') return { scores: 2, state: 0 };
	if (inner === 'string' && outward === 'number') return { scores: 0, state: 2 };
	return votes;
}
