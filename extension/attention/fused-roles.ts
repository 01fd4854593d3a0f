import type { SiteTensor } from '../protocol/model.ts';
import type { Derivation } from './derivation.ts';
import { intOf, intsOf } from './flat-node.ts';
import { cached } from './fused-cache.ts';
import { hasPast, inputAt, type Fused } from './fused-node.ts';
import { asKey, asValue, cut, headsFirst, pickThree, splitHeads, type Parts } from './fused-parts.ts'; // prettier-ignore
import { addBias, keyCountOf, normalised, rotated } from './fused-steps.ts';

type Role = 'q' | 'k' | 'v';
export type Roles = Readonly<Record<Role, SiteTensor | null>> & {
	readonly notes: readonly string[];
};

const none = { q: null, k: null, v: null };

/** q, k and v as the scores and the mixing read them: tensors of the graph where there are such, else derived ones. */
export function rolesOf(fused: Fused): Roles {
	const { operator } = fused;
	if (operator.operator === 'DecoderAttention') return projectedApart(fused);
	return operator.qkv ? handedIn(fused) : projectedInside(fused);
}

/** One input is projected to q, k and v by weights that stand beside each other. */
function projectedInside(fused: Fused): Roles {
	const { node, operator, facts, heads, derivation } = fused;
	const [x, w] = (operator.packed ?? [0, 1]).map((at) => inputAt(fused, at)) as [string, string];
	const notes = [`q, k and v are made inside the operator from ${x} and its weights`];
	const unknown = operator.operator === 'QOrderedAttention' || (facts.rankOf(w) ?? 2) !== 2;
	if (!derivation || heads === null || unknown) return { ...none, notes };
	if (intOf(node, 'do_rotary') === 1) {
		return { ...none, notes: [...notes, 'where in its positions they are rotated is not known'] };
	}
	const [tokens, weights] = operator.operator === 'QAttention' ? dequantised(fused, derivation) : [x, w]; // prettier-ignore
	const product = derivation.node('MatMul', [tokens, weights]);
	const bias = inputAt(fused, operator.bias);
	const packed = bias === '' ? product : derivation.node('Add', [product, biasAs(fused, bias)]);
	const rank = facts.rankOf(x) ?? (operator.operator === 'PackedAttention' ? 2 : 3);
	const axes = rank === 2 ? 'TD' : 'BTD';
	const sizes = intsOf(node, 'qkv_hidden_sizes');
	const parts = sizes
		? ofSizes(packed, axes, [sizes[0] ?? 0, sizes[1] ?? 0], derivation)
		: pickThree(derivation.reshape(packed, rank === 2 ? [0, 3, heads, -1] : [0, 0, 3, heads, -1]), axes.replace('D', '3HK'), derivation); // prettier-ignore
	return { ...withPast(parts, fused, derivation), notes };
}

function ofSizes(
	packed: string,
	axes: string,
	widths: readonly [number, number],
	derivation: Derivation,
): Parts {
	const [q, k, v] = cut(packed, axes.length - 1, widths, derivation).map((name) => ({
		name,
		axes,
	}));
	return { q: q!, k: k!, v: v! };
}

/** The numbers that quantised tokens and weights stand for. */
function dequantised(fused: Fused, derivation: Derivation): [string, string] {
	const [x, w, , xScale, wScale, , xZero, wZero] = Array.from({ length: 8 }, (_, at) => inputAt(fused, at)); // prettier-ignore
	// cast by hand: a scale for each column is an axis of DequantizeLinear only from opset 13 on
	const numbers = (whole = '', scale = '', zero = '') => {
		const values = derivation.float(whole);
		const shifted = zero === '' ? values : derivation.node('Sub', [values, derivation.float(zero)]);
		return derivation.node('Mul', [shifted, derivation.float(scale)]);
	};
	return [numbers(x, xScale, xZero), numbers(w, wScale, wZero)];
}

function biasAs({ operator, derivation }: Fused, bias: string): string {
	return operator.operator === 'QAttention' && derivation ? derivation.float(bias) : bias;
}

/** The decoder layer of old translation models: one weight for q, one for k and v, tokens first. */
function projectedApart(fused: Fused): Roles {
	const { node, facts, derivation } = fused;
	const notes = ['q, k and v are projected inside the operator'];
	const [x, y, wq, wkv, bias] = [0, 1, 2, 3, 4].map((at) => inputAt(fused, at)) as [string, string, string, string, string]; // prettier-ignore
	const width = facts.shapeOf(wq)?.at(-1);
	if (!derivation || typeof width !== 'number') return { ...none, notes };
	const [bq, bk, bv] = cut(bias, 0, [width, width], derivation);
	const q = derivation.node('Add', [derivation.node('MatMul', [x, wq]), bq]);
	const [k = '', v = ''] = [node.outputs[1], node.outputs[2]];
	if (k !== '' && v !== '') {
		return {
			q: { name: q, axes: 'TBD' },
			k: { name: k, axes: 'BHSK' },
			v: { name: v, axes: 'BHSV' },
			notes,
		};
	}
	if (hasPast(fused)) return { ...none, q: { name: q, axes: 'TBD' }, notes };
	const both = derivation.node('MatMul', [y, wkv]);
	const half = (from: number, to: number, added: string) => ({
		name: derivation.node('Add', [derivation.slice(both, 2, from, to), added]),
		axes: 'SBD',
	});
	return {
		q: { name: q, axes: 'TBD' },
		k: half(0, width, bk),
		v: half(width, 2 * width, bv),
		notes,
	};
}

/** q, k and v are inputs, apart or packed; a bias, a rotation and a past may come inside. */
function handedIn(fused: Fused): Roles {
	const { node, operator, derivation } = fused;
	const notes: string[] = [];
	const [q, k, v] = operator.qkv!.map((at) => inputAt(fused, at)) as [string, string, string];
	if (k === '') notes.push(`q, k and v are packed in ${q}`);
	else if (v === '') notes.push(`k and v are packed in ${k}`);
	const bias = inputAt(fused, operator.bias);
	if (bias !== '') notes.push('a bias is added to q, k and v inside the operator');
	const turns = intOf(node, 'do_rotary') === 1;
	if (turns) notes.push('q and k are rotated by their positions inside the operator');
	const given = partsOf(fused, q, k, v);
	if (!given) return { ...none, notes };
	if (inputAt(fused, operator.cacheScales?.[0]) !== '')
		notes.push('keys and values are quantised where they are kept, and read back so');
	if (!derivation) return withoutDerivation(given, fused, bias !== '' || turns, notes);
	const biased = bias === '' ? given : addBias(given, bias, fused, derivation);
	if (!biased) return { ...none, notes };
	const even = normalised(biased, fused, derivation);
	if (even !== biased) notes.push('the heads of q and k are normalised inside the operator');
	const parts = turns ? turned(even, fused, derivation) : even;
	if (hasPast(fused)) notes.push('k and v are those of the past and the new ones together');
	return { ...withPast(parts, fused, derivation), notes };
}

/** q, k and v where they come in; null where how they are packed is not known. */
function partsOf(fused: Fused, q: string, k: string, v: string): Parts | null {
	const { operator, facts, heads, kvHeads, derivation } = fused;
	const rank = (name: string, usual: number) => facts.rankOf(name) ?? usual;
	if (k !== '' && v !== '') {
		const part = (name: string): SiteTensor => ({ name, axes: plainAxes(facts.rankOf(name)) });
		return { q: part(q), k: part(k), v: part(v) };
	}
	if (!derivation || heads === null) return null;
	if (k === '') {
		const many = /^(Packed)?MultiHeadAttention$/.test(operator.operator);
		const axes = operator.operator.startsWith('Packed') ? 'TH3K' : 'BTH3K';
		if (many && rank(q, axes.length) === axes.length) return pickThree(q, axes, derivation);
		const width = rank(q, operator.operator.startsWith('Pa') ? 2 : 3);
		return width > 3 ? null : splitHeads(q, width, heads, kvHeads ?? heads, derivation);
	}
	if (rank(k, 5) !== 5) return null;
	const part = (which: number) => ({ name: derivation.pick(k, 3, which), axes: 'BTHK' });
	return { q: { name: q, axes: plainAxes(rank(q, 3)) }, k: part(0), v: part(1) };
}

function plainAxes(rank: number | null): string {
	if (rank === 4) return 'BHTK';
	if (rank === 3) return 'BTD';
	return rank === 2 ? 'TD' : '';
}

/** In a subgraph or function: what the graph has, as far as it is what the operator reads. */
function withoutDerivation(parts: Parts, fused: Fused, changed: boolean, notes: string[]): Roles {
	const present = presentOf(fused);
	if (inputAt(fused, fused.operator.cacheScales?.[0]) !== '') return { ...none, notes };
	if (present && hasPast(fused)) {
		notes.push('k and v are those of the past and the new ones together');
		return { q: changed ? null : parts.q, ...present, notes };
	}
	if (changed) return { ...none, notes };
	if (hasPast(fused)) notes.push('keys and values of the past are joined inside the operator');
	return { q: parts.q, k: asKey(parts.k), v: asValue(parts.v), notes };
}

/** k and v as the operator itself hands them on. */
function presentOf({ node, operator }: Fused): { k: SiteTensor; v: SiteTensor } | null {
	const [k = '', v = ''] = (operator.present ?? []).map((at) => node.outputs[at] ?? '');
	if (k === '' || v === '' || k === v) return null;
	return { k: { name: k, axes: 'BHSK' }, v: { name: v, axes: 'BHSV' } };
}

function turned(parts: Parts, fused: Fused, derivation: Derivation): Parts {
	const { heads, kvHeads } = fused;
	if (heads === null) return parts;
	const q = rotated(parts.q, heads, fused, derivation);
	// where the operator hands its keys on, those are rotated already
	const k = presentOf(fused) ? parts.k : rotated(parts.k, kvHeads ?? heads, fused, derivation);
	return { q, k, v: parts.v };
}

/** k and v of the past before the new ones: as the operator hands them on, else joined. */
function withPast(
	parts: Parts,
	fused: Fused,
	derivation: Derivation,
): Record<Role, SiteTensor | null> {
	const { node, operator, heads, kvHeads } = fused;
	const { q } = parts;
	const own = { q, k: asKey(parts.k), v: asValue(parts.v) };
	const present = presentOf(fused);
	if (present && (hasPast(fused) || operator.lengths)) {
		const count = keyCountOf(fused, derivation);
		const filled = ({ name, axes }: SiteTensor, which: 0 | 1) => {
			const whole = count === null ? name : derivation.upTo(name, 2, count);
			return cached({ name: whole, axes }, which, fused, derivation);
		};
		return { q, k: filled(present.k, 0), v: filled(present.v, 1) };
	}
	if (!hasPast(fused)) return own;
	// in a buffer with room to spare the new ones do not stand behind the past, nor need keys lie as they are read
	const isBuffer =
		operator.lengths ??
		operator.pastLength ??
		(operator.operator === 'DecoderMaskedSelfAttention' ? true : null);
	if (isBuffer !== null || heads === null) return { q, k: null, v: null };
	const split = operator.past.length === 1;
	const half = (both: string, which: number) => derivation.pick(both, 0, which);
	const whole = split ? (node.outputs[operator.present?.[0] ?? 1] ?? '') : '';
	if (whole !== '') {
		const [k, v] = [half(whole, 0), half(whole, 1)];
		return { q, k: { name: k, axes: 'BHSK' }, v: { name: v, axes: 'BHSV' } };
	}
	const joined = (which: 0 | 1, part: SiteTensor) => {
		const before = inputAt(fused, operator.past[split ? 0 : which]);
		const past = split ? half(before, which) : before;
		const added = headsFirst(part, kvHeads ?? heads, derivation).name;
		return derivation.join([past, added], 2);
	};
	return {
		q,
		k: { name: joined(0, parts.k), axes: 'BHSK' },
		v: { name: joined(1, parts.v), axes: 'BHSV' },
	};
}
