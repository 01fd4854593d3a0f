import type { Form, SiteTensor } from '../protocol/model.ts';
import { basesOf } from './carry.ts';
import { hasData } from './choice.ts';
import { findChain, isPower, readSums, type Chain } from './chain.ts';
import { decaysOf } from './chunk-decays.ts';
import { sequenceBehind } from './chunk-sequence.ts';
import type { Facts } from './facts.ts';
import { intOf, type FlatNode } from './flat-node.ts';
import { foldedAttention } from './folded-attention.ts';
import { erasedValues, type Erased } from './erased-values.ts';
import { featureAxes } from './feature-axes.ts';
import type { Finding, FormFinder } from './form.ts';
import { countHeads } from './heads.ts';
import { isChoice, isCrossKernel } from './kernel-features.ts';
import { readMasks } from './masks.ts';
import { normalisedBy, sumsKeys, sumsRowsOf } from './normaliser.ts';
import { contracted, type Product } from './product.ts';
import type { MaskTerm } from './score-path.ts';

/**
 * Attention without softmax: the product q·k, masked or normalised, multiplies a third tensor; or, in the other order,
 * q reads a state that is the sum of k v over all tokens.
 */
export const linearAttention: FormFinder = {
	id: 'linear',
	find(facts) {
		const taken = new Set<FlatNode>();
		return facts.scope.nodes.flatMap((node) => {
			const chain = findChain(node, facts);
			if (!chain || taken.has(chain.path.product.node)) return [];
			const finding = describe(chain, facts);
			if (!finding) return [];
			taken.add(chain.path.product.node).add(node);
			return [finding];
		});
	},
};

function describe(chain: Chain, facts: Facts): Finding | null {
	const { scores, state } = readSums(chain, facts);
	if (scores > 0 && state > 0) return null;
	const found = state > 0 ? foldedAttention(chain, state, facts) : quadratic(chain, scores, facts);
	// the sum of masked scores is no sum of values
	return found && hasData(chain.third, facts) && !isPower(chain, facts) && hasFeatures(chain) ? found : null; // prettier-ignore
}

/** Values have an axis that weights lack: without one the sum is that of the weights. */
function hasFeatures({ outer, third, weights }: Chain): boolean {
	const own = third === outer.left ? outer.leftLabels : outer.rightLabels;
	const others = weights === outer.left ? outer.leftLabels : outer.rightLabels;
	return own!.some((label) => label !== '1' && !others!.includes(label));
}

/** `(q·k) v`: the first product runs over features, the second over the keys. */
function quadratic(chain: Chain, votes: number, facts: Facts): Finding | null {
	const { path, third, outer, summed } = chain;
	const { product } = path;
	const keysLeft = product.leftLabels!.includes(summed);
	const [q, k] = keysLeft ? [product.right, product.left] : [product.left, product.right];
	const sums = [sumsRowsOf(chain.weights, facts), sumsKeys(q, k, facts)] as const;
	const isSum = (name: string) => sums.some((each) => each(name));
	const norm = normalisedBy(outer.output, chain.by, isSum, facts);
	const masks = readMasks(path.masks, facts);
	const decays =
		path.masks.some((mask) => isDecay(mask, facts)) ||
		[q, k].some((name) => isDecayed(name, facts));
	// without a softmax what is added hides nothing
	const hides = path.masks.some(({ kind }) => kind !== 'add');
	const causal = (hides && masks.kind === 'causal') || isTriangular(chain, facts) !== null;
	const mapped = votes > 0 && path.notes.some((note) => kernel.test(note));
	const formed = norm !== null || decays || causal || mapped;
	// weights that another softmax made weigh a gradient
	const backward = path.masks.some(
		({ kind, tensor }) => kind === 'times' && isChoice(tensor, facts),
	);
	if (backward || isChoice(third, facts) || (votes < 2 && !formed)) return null;
	const erased = erasedValues(third, k, facts);
	const operands = operandsOf(product, keysLeft);
	const count = countHeads(operands, facts);
	const letters = lettersOf(operands.batch, count.merged);
	const spell = (labels: readonly string[] | null) => spelt(labels, operands, letters);
	const notes = [
		...path.notes,
		...masks.notes,
		...(norm ? ['the sum of a row of weights divides the result'] : []),
		...(norm?.notes ?? []),
	];
	const strict = isTriangular(chain, facts) === 'strict';
	if (strict) notes.push('a token reads its own value as an extra share, if at all');
	const vAxes = valueAxes(chain, letters);
	const roles = {
		q: { name: q, axes: spell(operands.qLabels) },
		k: { name: k, axes: spell(operands.kLabels) },
		v: tensorOf(third, vAxes),
	};
	const faded = strict ? null : withoutDecays(roles, facts);
	if (faded) notes.push('alpha is the logarithm of the decay');
	return {
		node: outer.node,
		parts: [product.node, outer.node, ...(erased?.parts ?? [])],
		site: {
			...plain(formOf(decays, erased), count),
			epsilon: norm?.epsilon ?? null,
			scale: path.scale === null ? null : path.scale * (faded?.factor ?? 1),
			mask: causal ? 'causal' : masks.kind,
			window: masks.window,
			cross: !causal && isCrossKernel(q, k, facts),
			tensors: {
				...roles,
				...faded?.tensors,
				...(erased && writtenBy(erased, vAxes)),
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

/** What score passes through in `ScorePath.notes`. */
const kernel = /^each score passes/;

/** Whether the upper triangle is cut off from the scores themselves, and the diagonal with it. */
function isTriangular({ path, weights }: Chain, facts: Facts): 'lower' | 'strict' | null {
	let current = weights;
	for (let steps = 0; steps < 12 && current !== path.product.output; steps++) {
		const node = facts.scope.producerOf(current);
		if (node?.opType === 'Trilu' && intOf(node, 'upper') === 0) {
			const offset = node.inputs[1] ? facts.numberOf(node.inputs[1]) : 0;
			return offset === -1 ? 'strict' : 'lower';
		}
		if (node?.opType === 'Trilu') return null;
		current = node?.inputs[0] ?? '';
	}
	return null;
}

function formOf(decays: boolean, erased: Erased | null): Form {
	if (erased) return decays ? 'gated-delta' : 'delta';
	return decays ? 'gated' : 'linear';
}

type Roles = Readonly<Record<'q' | 'k' | 'v', SiteTensor>>;

/** Queries and keys before running decays multiply them, and the logarithms of these; null where none do. */
function withoutDecays({ q, k }: Roles, facts: Facts) {
	const [asking, kept] = [q, k].map(({ name }) => sequenceBehind(name, facts));
	const alpha = decaysOf(asking!.powers, facts);
	if (!alpha || decaysOf(kept!.powers, facts)?.name !== alpha.name) return null;
	const [name, rank] = [alpha.name, facts.rankOf(q.name)];
	const spelt = facts.rankOf(name) === rank ? q.axes : q.axes.replace('K', '');
	const turned = /KS$/.test(k.axes) && featureAxes(kept!.bare, facts)?.has(rank! - 1) === true;
	return {
		factor: asking!.bareFactor * kept!.bareFactor,
		tensors: {
			q: { name: asking!.bare, axes: q.axes },
			k: { name: kept!.bare, axes: turned ? k.axes.replace(/KS$/, 'SK') : k.axes },
			alpha: { name, axes: facts.rankOf(name) === spelt.length ? spelt : '' },
		},
	};
}

/** Values and strengths as they are before the state's answers are taken off. */
function writtenBy({ v, beta }: Erased, axes: string): Record<string, SiteTensor> {
	return {
		...(v && { v: tensorOf(v.bare, axes) }),
		...(beta && { beta: tensorOf(beta.bare, axes.replace('V', '')) }),
	};
}

/** Queries or keys times powers of a running sum: what is between the two is left of a key. */
const isDecayed = (name: string, facts: Facts) => decaysOf(sequenceBehind(name, facts).powers, facts) !== null; // prettier-ignore

/** A mask of powers: what is further back counts less. */
function isDecay(mask: MaskTerm, facts: Facts): boolean {
	if (mask.kind !== 'times') return false;
	return comesFromPowers(mask.tensor, facts);
}

function comesFromPowers(first: string, facts: Facts): boolean {
	const queue = [first];
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
