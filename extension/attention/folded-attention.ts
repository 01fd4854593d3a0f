import type { SiteTensor } from '../protocol/model.ts';
import { basesOf } from './carry.ts';
import { endsOf, type Chain } from './chain.ts';
import type { Facts } from './facts.ts';
import type { Finding } from './form.ts';
import { countHeads } from './heads.ts';
import { isChoice, isCrossKernel } from './kernel-features.ts';
import { isCutFrom, normalisedBy, sumsKeys, withoutOnes, type Normalised } from './normaliser.ts';
import { batchLabels, contracted } from './product.ts';
import { untouched } from './weights.ts';

/**
 * `q (k v)`: the first product runs over tokens and folds them into a state.
 *
 * @param votes how many of the three tensors say so
 */
export function foldedAttention(chain: Chain, votes: number, facts: Facts): Finding | null {
	const { path, third: q, outer, summed } = chain;
	const { product } = path;
	const { middle: k, middleLabels: kLabels, end, endLabels } = endsOf(chain);
	// a state is a sum: nothing bends it, and no weight mixes its rows, before it is read
	if (path.notes.some((note) => /^each score passes|are mixed before/.test(note))) return null;
	// what has no features is a mask: the sum of the keys that it leaves is no state
	const own = endLabels?.filter((label) => label !== '1' && label !== chain.shared) ?? [];
	if (own.every((label) => kLabels?.includes(label))) return null;
	const ones = withoutOnes(end, facts);
	const norm = normaliserOf(chain, k, ones !== null, facts);
	const isGram = untouched(k, facts) === untouched(end, facts);
	if (isChoice(end, facts) || (norm === null && (votes < 2 || isGram))) return null;
	const qLabels = q === outer.left ? outer.leftLabels : outer.rightLabels;
	const batch = (product.outputLabels ?? []).filter(
		(label) => product.leftLabels!.includes(label) && product.rightLabels!.includes(label),
	);
	const count = countHeads(
		{ q, k, qLabels, kLabels, batch: batchLabels(outer), contracted: contracted(outer) },
		facts,
	);
	const letters = batchLetters(batch.length, count.merged);
	const inner = (labels: readonly string[] | null) =>
		spelt(labels, (label) => {
			if (label === chain.shared) return 'S';
			if (label === summed) return 'K';
			return letters?.[batch.indexOf(label)] ?? (endLabels?.includes(label) ? 'V' : '');
		});
	const outward = outerLetters(chain, batch, letters, endLabels ?? []);
	return {
		node: outer.node,
		parts: [product.node, outer.node],
		site: {
			form: 'linear',
			kind: 'decomposed',
			operator: null,
			heads: count.heads,
			kvHeads: onlyOfQueries(chain, batch) === null ? count.kvHeads : 1,
			headSize: count.headSize,
			softCap: null,
			epsilon: norm?.epsilon ?? null,
			scale: path.scale,
			mask: 'none',
			window: null,
			cross: isCrossKernel(q, k, facts),
			tensors: {
				q: tensor(q, spelt(qLabels, outward)),
				k: tensor(k, inner(kLabels)),
				v: tensor(ones ?? end, inner(endLabels)),
				scores: null,
				weights: null,
				state: tensor(product.output, inner(product.outputLabels)),
				output: tensor(norm?.output ?? outer.output, spelt(outer.outputLabels, outward)),
				...(norm ? { normaliser: tensor(norm.divisor, '') } : {}),
			},
			maskMeans: null,
			confidence: norm ? 0.9 : 0.7,
			notes: [
				...path.notes,
				'keys and values of all tokens are folded into one state',
				...(ones === null ? [] : ['ones beside the values sum the weights of a row']),
				...(norm?.notes ?? []),
				...(chain.by === null || norm ? [] : [`the result is multiplied by ${chain.by}`]),
			],
		},
	};
}

function normaliserOf(
	{ outer, third: q, by }: Chain,
	k: string,
	hasOnes: boolean,
	facts: Facts,
): Normalised | null {
	const isSum = hasOnes ? isCutFrom(outer.output) : sumsKeys(q, k, facts);
	return normalisedBy(outer.output, by, isSum, facts);
}

/** Letters of the outer product's axes: those of the state are known from the inner one. */
function outerLetters(
	chain: Chain,
	batch: readonly string[],
	letters: string | null,
	endLabels: readonly string[],
) {
	const { outer, path, weights, third, summed } = chain;
	const own = weights === outer.left ? outer.leftLabels! : outer.rightLabels!;
	const others = third === outer.left ? outer.leftLabels! : outer.rightLabels!;
	const known = new Map<string, string>();
	path.labels!.forEach((label, axis) => {
		const [base = ''] = basesOf(label).length === 1 ? basesOf(label) : [];
		if (base === summed) known.set(own[axis]!, 'K');
		else if (batch.includes(base)) known.set(own[axis]!, letters?.[batch.indexOf(base)] ?? '');
		else if (endLabels.includes(base)) known.set(own[axis]!, 'V');
	});
	const heads = onlyOfQueries(chain, batch);
	if (heads !== null && letters === 'B') known.set(heads, 'H');
	return (label: string) => known.get(label) ?? (others.includes(label) ? 'T' : '');
}

/** The axis of heads that share one state, where queries alone have it. */
function onlyOfQueries({ outer, third }: Chain, batch: readonly string[]): string | null {
	const others = third === outer.left ? outer.leftLabels! : outer.rightLabels!;
	const labels = batchLabels(outer);
	const alone = labels.at(-1);
	const shares = labels.length === batch.length + 1 && alone !== undefined && others.includes(alone); // prettier-ignore
	return shares ? alone : null;
}

const batchLetters = (axes: number, merged: boolean): string | null =>
	['', merged ? 'H' : 'B', 'BH', 'BGH'][axes] ?? null;

function spelt(labels: readonly string[] | null, letterOf: (label: string) => string): string {
	const letters = labels?.map((label) => (label === '1' ? '1' : letterOf(label))) ?? [''];
	return letters.includes('') ? '' : letters.join('');
}

const tensor = (name: string, axes: string): SiteTensor => ({ name, axes });
