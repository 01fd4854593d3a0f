import type { Form, SiteTensor } from '../protocol/model.ts';
import { findChain, readSums } from './chain.ts';
import { sequenceBehind, isPower, type Sequence } from './chunk-sequence.ts';
import { decaysOf } from './chunk-decays.ts';
import { joinedFrom } from './chunk-result.ts';
import { readEinsumScores } from './einsum-scores.ts';
import { erasedValues, type Erased } from './erased-values.ts';
import type { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';
import type { Finding, FormFinder } from './form.ts';
import { originsOf } from './onward.ts';
import type { Product } from './product.ts';
import { readWeightedProduct } from './weighted-product.ts';
import { isWeight } from './weights.ts';

/**
 * A memory written chunk by chunk: tokens of a chunk are weighed one by one, and what came before it is read from a state,
 * `o = (q·k ⊙ decay) v + q' S`. RetNet, gated linear attention, Mamba-2 and the (gated) delta rule in their parallel forms.
 */
export const chunkedState: FormFinder = {
	id: 'chunked-state',
	find(facts) {
		const layers = new Map<string, Chunk[]>();
		for (const node of facts.scope.nodes) {
			const chunk = node.opType === 'Add' ? readChunk(node, facts) : null;
			if (!chunk) continue;
			const key = `${chunk.q.root}\n${chunk.k.root}`;
			layers.set(key, [...(layers.get(key) ?? []), chunk]);
		}
		return [...layers.values()].map((chunks) => describe(chunks, facts));
	},
};

/** What tokens of one chunk read. */
interface Chunk {
	/** The sum of what they read in the chunk and before it. */
	readonly node: FlatNode;
	readonly inner: Inner;
	readonly q: Sequence;
	readonly k: Sequence;
	readonly state: string;
	readonly erased: Erased | null;
	/** What multiplies the reading of the state. */
	readonly reach: readonly string[];
	readonly parts: readonly FlatNode[];
}

/** `(q·k ⊙ weighing) v` */
interface Inner {
	readonly q: string;
	readonly k: string;
	readonly v: string;
	readonly weighing: readonly string[];
	readonly hides: boolean;
	readonly scale: number | null;
	readonly parts: readonly FlatNode[];
}

function readChunk(node: FlatNode, facts: Facts): Chunk | null {
	const [first = '', second = ''] = node.inputs.map((input) => input);
	if (isWeight(first, facts) || isWeight(second, facts)) return null;
	const [a, b] = [productBehind(first, facts), productBehind(second, facts)];
	if (!a || !b || a.node === b.node) return null;
	return join(node, a, b, facts) ?? join(node, b, a, facts);
}

interface Behind {
	readonly node: FlatNode;
	readonly factors: readonly string[];
}

const arranging = new Set('Identity Cast Transpose Reshape Unsqueeze Squeeze Flatten'.split(' '));

/** The product that a term of the sum is, laid out anew and perhaps times a decay. */
function productBehind(name: string, facts: Facts): Behind | null {
	let current = name;
	const factors: string[] = [];
	for (let steps = 0; steps < 8; steps++) {
		const node = facts.scope.producerOf(current);
		if (!node) return null;
		if (readWeightedProduct(node, facts) ?? readEinsumScores(node, facts)) return { node, factors };
		if (node.opType === 'Mul') {
			const power = node.inputs.find((input) => isPower(input, facts));
			const number = node.inputs.find((input) => facts.numberOf(input) !== null);
			const other = power ?? number;
			if (other === undefined) return null;
			factors.push(other);
			current = node.inputs.find((input) => input !== other) ?? '';
		} else if (arranging.has(node.opType)) current = node.inputs[0] ?? '';
		else return null;
	}
	return null;
}

function join(node: FlatNode, within: Behind, before: Behind, facts: Facts): Chunk | null {
	const read = readWeightedProduct(before.node, facts);
	if (!read) return null;
	const { left, right } = read.product;
	if (isWeight(left, facts) && isWeight(right, facts)) return null;
	const inner = innerOf(within.node, facts);
	if (!inner) return null;
	const [q, k] = [sequenceBehind(inner.q, facts), sequenceBehind(inner.k, facts)];
	if (q.root === k.root && q.name === k.name) return null;
	for (const [query, state] of [
		[left, right],
		[right, left],
	] as const) {
		const asked = sequenceBehind(query, facts);
		if (asked.root !== q.root || asked.name !== q.name) continue;
		const erased = erasedValues(inner.v, k.name, facts);
		return {
			node,
			inner,
			q,
			k,
			state,
			erased,
			reach: [...before.factors, ...asked.powers, ...(read.by === null ? [] : [read.by])],
			parts: [...inner.parts, before.node, ...(erased?.parts ?? [])],
		};
	}
	return null;
}

function innerOf(node: FlatNode, facts: Facts): Inner | null {
	const at = readEinsumScores(node, facts);
	if (at) return { ...at, hides: true, scale: 1, parts: [node] };
	const chain = findChain(node, facts);
	if (!chain) return null;
	const { path, third, summed } = chain;
	const { product } = path;
	const votes = readSums(chain, facts);
	const hides = path.masks.length > 0 || isTriangular(chain.weights, product, facts);
	if (!hides || votes.state > votes.scores) return null;
	const keysLeft = product.leftLabels!.includes(summed);
	return {
		q: keysLeft ? product.right : product.left,
		k: keysLeft ? product.left : product.right,
		v: third,
		weighing: path.masks.flatMap(({ kind, tensor }) => (kind === 'times' ? [tensor] : [])),
		hides,
		scale: path.scale,
		parts: [product.node, node],
	};
}

function isTriangular(weights: string, { output }: Product, facts: Facts): boolean {
	let current = weights;
	for (let steps = 0; steps < 12 && current !== output; steps++) {
		const node = facts.scope.producerOf(current);
		if (!node) return false;
		if (node.opType === 'Trilu') return true;
		current = node.inputs[0] ?? '';
	}
	return false;
}

function describe(chunks: readonly Chunk[], facts: Facts): Finding {
	const [first] = chunks as [Chunk, ...Chunk[]];
	const { inner, q, k } = first;
	const erased = chunks.find((chunk) => chunk.erased?.v)?.erased ?? first.erased;
	const decays = chunks.flatMap((chunk) => [...chunk.inner.weighing, ...chunk.q.powers, ...chunk.k.powers, ...chunk.reach]); // prettier-ignore
	const fades = decays.some((name) => isPower(name, facts) || comesFromPower(name, facts));
	const form: Form = erased ? (fades ? 'gated-delta' : 'delta') : fades ? 'gated' : 'linear';
	const plain = sequenceBehind(inner.v, facts);
	const v = erased ? erased.v : plain;
	const logarithms = fades ? decaysOf(decays, facts) : null;
	const alpha = logarithms?.axis === null ? null : logarithms;
	const factors = [q, k, ...(v ? [v] : [])].reduce((all, { factor }) => all * factor, 1);
	const result = joinedFrom(first.node.outputs[0] ?? '', v?.padded ?? false, facts);
	const sizes = sizesOf(q, k, v, facts);
	const notes = [
		'tokens of a chunk are weighed one by one, what came before it is read from a state',
	];
	if (alpha) notes.push('alpha is the logarithm of the decay');
	else if (fades) notes.push('the decay of the state is told by no tensor');
	if (!v) notes.push('the values are not told from what the state answers');
	return {
		node: first.node,
		parts: chunks.flatMap(({ parts }) => parts),
		site: {
			form,
			kind: 'recurrent',
			operator: form,
			...sizes,
			scale: inner.scale === null ? null : inner.scale * factors,
			softCap: null,
			mask: 'causal',
			window: null,
			cross: false,
			tensors: {
				q: spelt(q, 'T', 'K', facts),
				k: spelt(k, 'S', 'K', facts),
				v: v && spelt(v, 'S', 'V', facts),
				scores: null,
				weights: null,
				output: outputOf(result, v, facts),
				alpha: alpha && spelt(alpha, 'T', 'K', facts, rankOf(alpha, facts) === rankOf(q, facts)),
				beta: erased?.beta ? spelt(erased.beta, 'T', 'K', facts, false) : null,
				state: { name: chunks.at(-1)!.state, axes: '' },
			},
			maskMeans: null,
			confidence: v ? 0.9 : 0.7,
			notes,
		},
	};
}

const rankOf = ({ name }: Sequence, facts: Facts) => facts.rankOf(name) ?? 0;

/** Batch in front, then heads and tokens, features last. */
function spelt(
	{ name, axis }: Sequence,
	token: string,
	last: string,
	facts: Facts,
	hasLast = true,
): SiteTensor {
	// prettier-ignore
	const rank = facts.rankOf(name);
	const others = rank === null || axis === null ? -1 : rank - (hasLast ? 2 : 1);
	const front = ['', 'B', 'BH'][others];
	if (axis === null || rank === null || !front) return { name, axes: '' };
	const kept = `${front.slice(0, axis)}${token}${front.slice(axis)}`;
	return { name, axes: hasLast ? `${kept}${last}` : kept };
}

function outputOf(name: string, v: Sequence | null, facts: Facts): SiteTensor {
	const [own, values] = [facts.shapeOf(name), v && facts.shapeOf(v.name)];
	const alike = own?.length === values?.length && own?.every((dim, at) => at !== v?.axis && at !== 0 ? dim === values?.[at] : true); // prettier-ignore
	return { name, axes: v && alike ? spelt(v, 'T', 'V', facts).axes : '' };
}

/** An exporter that repeats heads by a count it computes does not say how many there are; the values do. */
function sizesOf(q: Sequence, k: Sequence, v: Sequence | null, facts: Facts) {
	const headsOf = (sequence: Sequence) => {
		const shape = facts.shapeOf(sequence.name);
		if (!shape || sequence.axis === null) return null;
		if (shape.length === 3) return 1;
		const heads = shape[sequence.axis === 1 ? 2 : 1];
		return shape.length === 4 && typeof heads === 'number' ? heads : null;
	};
	const size = facts.shapeOf(k.name)?.at(-1);
	const heads = headsOf(q) ?? (v && headsOf(v));
	return {
		heads,
		kvHeads: headsOf(k) ?? heads,
		headSize: typeof size === 'number' ? size : null,
	};
}

const comesFromPower = (name: string, facts: Facts) =>
	[...originsOf(name, facts, 24)].some((origin) => {
		const opType = facts.scope.producerOf(origin)?.opType;
		return opType === 'Exp' || opType === 'Pow';
	});
