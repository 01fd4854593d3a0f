import type { SiteTensor } from '../protocol/model.ts';
import { float, int, type Derivation } from './derivation.ts';
import { floatOf, intOf } from './flat-node.ts';
import { inputAt, type Fused } from './fused-node.ts';
import { apart, cut, headsFirst, type Parts } from './fused-parts.ts';

/** The bias holds that of q, of k and of v one after the other; k and v that come in by heads have theirs already. */
export function addBias(
	parts: Parts,
	bias: string,
	{ facts, heads, kvHeads }: Fused,
	derivation: Derivation,
): Parts | null {
	const widthOf = ({ name, axes }: SiteTensor) => {
		const size = axes.endsWith('D') ? facts.shapeOf(name)?.at(-1) : undefined;
		return typeof size === 'number' ? size : undefined;
	};
	const q = widthOf(parts.q);
	// of unknown widths all three are taken to be the same
	const [bq, bk, bv] =
		q === undefined
			? [0, 1, 2].map((which) => derivation.pick(derivation.reshape(bias, [3, -1]), 0, which))
			: cut(bias, 0, [q, widthOf(parts.k) ?? q], derivation);
	const add = (part: SiteTensor, own: string, count: number | null): SiteTensor | null => {
		if (part.axes === 'BHTK') return null;
		if (part.axes.endsWith('D')) return { ...part, name: derivation.node('Add', [part.name, own]) };
		if (count === null) return null;
		const wide = derivation.reshape(own, [count, -1]);
		return { ...part, name: derivation.node('Add', [part.name, wide]) };
	};
	const byHeads = parts.k.axes === 'BHTK';
	const [newQ, k, v] = [
		add(parts.q, bq, heads),
		byHeads ? parts.k : add(parts.k, bk, kvHeads ?? heads),
		byHeads ? parts.v : add(parts.v, bv, kvHeads ?? heads),
	];
	return newQ && k && v ? { q: newQ, k, v } : null;
}

const NORM_EPSILON = 1e-6;

/** Each head of q and k over the root of its mean square, times a weight, where the operator has such norms. */
export function normalised(parts: Parts, fused: Fused, derivation: Derivation): Parts {
	const { node, operator, heads, kvHeads } = fused;
	const [ofQ, ofK] = (operator.norms ?? []).map((at) => inputAt(fused, at));
	if (!ofQ || !ofK || heads === null) return parts;
	const attributes = { axis: int(-1), epsilon: float(floatOf(node, 'qk_norm_epsilon') ?? NORM_EPSILON) }; // prettier-ignore
	const even = (part: SiteTensor, count: number, weight: string) => {
		const { name, axes } = apart(part, count, derivation);
		return {
			name: derivation.node('SimplifiedLayerNormalization', [name, weight], attributes),
			axes,
		};
	};
	return { ...parts, q: even(parts.q, heads, ofQ), k: even(parts.k, kvHeads ?? heads, ofK) };
}

/** Rotated by the positions of its tokens, as `BHTK`. */
export function rotated(
	part: SiteTensor,
	heads: number,
	fused: Fused,
	derivation: Derivation,
): SiteTensor {
	const { node, operator, facts } = fused;
	const [cosines, sines, given] = operator.rotary ?? [null, null, null];
	const cos = inputAt(fused, cosines);
	const positions = inputAt(fused, given);
	const first = headsFirst(part, heads, derivation);
	const half = facts.shapeOf(cos)?.at(-1);
	const attributes = {
		interleaved: int(intOf(node, 'rotary_interleaved') ?? 0),
		// part of each head may be rotated, the rest stays
		...(typeof half === 'number' && {
			num_heads: int(heads),
			rotary_embedding_dim: int(2 * half),
		}),
	};
	const at = positions === '' ? positionsOf(fused, derivation) : positions;
	const inputs = [first.name, at, cos, inputAt(fused, sines)];
	const name = derivation.node('RotaryEmbedding', inputs, attributes, 'com.microsoft');
	return { name, axes: first.axes };
}

/** How many keys stand before the first query: one number, or one a sequence; null for none. */
export function pastOf(fused: Fused, derivation: Derivation): SiteTensor | null {
	const { operator } = fused;
	if (operator.lengths) return { name: keysBefore(fused, derivation), axes: 'B' };
	const past = inputAt(fused, operator.past[0]);
	if (past === '') return beforeLast(fused, derivation);
	if (isBuffer(fused)) {
		return { name: derivation.float(inputAt(fused, operator.pastLength)), axes: '1' };
	}
	return { name: derivation.sizeOf(past, operator.past.length === 1 ? 3 : 2), axes: '1' };
}

/** The standard operator's last query is the last key of a sequence that is no padding; null where nothing says which that is. */
function beforeLast(fused: Fused, derivation: Derivation): SiteTensor | null {
	const { node, operator, facts } = fused;
	const lengths = inputAt(fused, operator.padding);
	const causal = operator.causal === 'is_causal' && intOf(node, operator.causal) === 1;
	if (!causal || lengths === '' || !operator.domains.includes('')) return null;
	const q = inputAt(fused, 0);
	const queries = derivation.sizeOf(q, facts.rankOf(q) === 3 ? 1 : 2);
	const before = derivation.node('Sub', [derivation.float(lengths), derivation.float(queries)]);
	return { name: before, axes: 'B' };
}

/** How many queries of each sequence are tokens, where prompts may be shorter than their row; null where all are. */
export function lengthOf(fused: Fused, derivation: Derivation): SiteTensor | null {
	const { lengths } = fused.operator;
	if (!lengths) return null;
	const keys = derivation.float(derivation.reshape(inputAt(fused, lengths.input), [-1]));
	const all = derivation.node('Add', [keys, derivation.scalar('float32', lengths.short)]);
	return { name: derivation.node('Sub', [all, keysBefore(fused, derivation)]), axes: 'B' };
}

/** A score of each head that takes a part of every row of weights; null where there is none. */
export function sinkOf(fused: Fused, derivation: Derivation): SiteTensor | null {
	const given = inputAt(fused, fused.operator.sink);
	if (given !== '') return { name: given, axes: 'H' };
	if (intOf(fused.node, 'smooth_softmax') !== 1) return null;
	return { name: derivation.reshape(derivation.scalar('float32', 0), [1]), axes: '1' };
}

/** Whether past and present are one buffer that an input says the filled length of. */
function isBuffer({ node, operator }: Fused): boolean {
	return operator.pastLength !== null && intOf(node, 'past_present_share_buffer') === 1;
}

/** How many keys are filled of what the operator hands on, an int64 of one element; null where all are. */
export function keyCountOf(fused: Fused, derivation: Derivation): string | null {
	const { lengths, pastLength } = fused.operator;
	const whole = (name: string) =>
		derivation.node('Cast', [derivation.reshape(name, [-1])], { to: int(7) });
	if (lengths) return whole(inputAt(fused, lengths.longest));
	if (!isBuffer(fused)) return null;
	const fresh = derivation.sizeOf(inputAt(fused, 0), 1);
	return derivation.node('Add', [whole(inputAt(fused, pastLength)), fresh]);
}

/** Keys of each sequence less the new ones; a prompt that is shorter than its row has none before it. */
function keysBefore(fused: Fused, derivation: Derivation): string {
	const { input, short } = fused.operator.lengths!;
	const missing = derivation.node('Sub', [
		derivation.scalar('float32', short),
		derivation.float(derivation.sizeOf(inputAt(fused, 0), 1)),
	]);
	const lengths = derivation.reshape(inputAt(fused, input), [-1]);
	return derivation.node('Relu', [derivation.node('Add', [derivation.float(lengths), missing])]);
}

/** `[B, T]`, counted on from the past. */
function positionsOf(fused: Fused, derivation: Derivation): string {
	const before = derivation.node('Cast', [keysBefore(fused, derivation)], { to: int(7) });
	const count = derivation.pick(derivation.node('Shape', [inputAt(fused, 0)]), 0, 1);
	const [zero, one] = [derivation.scalar('int64', 0), derivation.scalar('int64', 1)];
	const steps = derivation.node('Range', [zero, count, one]);
	return derivation.node('Add', [derivation.reshape(before, [-1, 1]), steps]);
}
