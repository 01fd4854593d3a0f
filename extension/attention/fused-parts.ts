import type { SiteTensor } from '../protocol/model.ts';
import type { Derivation } from './derivation.ts';

/** q, k and v on their way out of an operator: tensors and their axes, tokens as `T` and channels as `K` in all three. */
export interface Parts {
	readonly q: SiteTensor;
	readonly k: SiteTensor;
	readonly v: SiteTensor;
}

/** With heads in an axis of their own: `D` becomes `HK`. */
export function apart(part: SiteTensor, heads: number, derivation: Derivation): SiteTensor {
	if (!part.axes.includes('D')) return part;
	const before = part.axes.indexOf('D');
	const sizes = [...Array.from({ length: before }, () => 0), heads, -1];
	const name = derivation.reshape(part.name, sizes);
	return { name, axes: part.axes.replace('D', 'HK') };
}

/** As `BHTK`, from `BTD` or `BTHK`. */
export function headsFirst(part: SiteTensor, heads: number, derivation: Derivation): SiteTensor {
	const split = apart(part, heads, derivation);
	if (split.axes !== 'BTHK') return split;
	return { name: derivation.transpose(split.name, [0, 2, 1, 3]), axes: 'BHTK' };
}

/**
 * Three that are packed beside each other in an axis of their own.
 * @param axes of the packed tensor, the axis of three as `3`
 */
export function pickThree(packed: string, axes: string, derivation: Derivation): Parts {
	const at = axes.indexOf('3');
	const part = (which: number) => ({
		name: derivation.pick(packed, at, which),
		axes: axes.replace('3', ''),
	});
	return { q: part(0), k: part(1), v: part(2) };
}

/** q of `heads`, then k and v of `kvHeads` heads, packed in the last axis of `[B, T, ...]` or `[T, ...]`. */
export function splitHeads(
	packed: string,
	rank: number,
	heads: number,
	kvHeads: number,
	derivation: Derivation,
): Parts {
	const axis = rank - 1;
	const shape = [...Array.from({ length: axis }, () => 0), heads + 2 * kvHeads, -1];
	const split = derivation.reshape(packed, shape);
	const axes = rank === 3 ? 'BTHK' : 'THK';
	const part = (from: number, count: number) => ({
		name: derivation.slice(split, axis, from, from + count),
		axes,
	});
	return { q: part(0, heads), k: part(heads, kvHeads), v: part(heads + kvHeads, kvHeads) };
}

const END = 2 ** 31 - 1;

/** Stretches of the last axis: `widths` of q and k; the rest is v's. */
export function cut(
	packed: string,
	axis: number,
	[q, k]: readonly [number, number],
	derivation: Derivation,
): readonly [string, string, string] {
	return [
		derivation.slice(packed, axis, 0, q),
		derivation.slice(packed, axis, q, q + k),
		derivation.slice(packed, axis, q + k, END),
	];
}

export const asKey = ({ name, axes }: SiteTensor): SiteTensor => ({
	name,
	axes: axes.replace('T', 'S'),
});
export const asValue = (part: SiteTensor): SiteTensor => {
	const { name, axes } = asKey(part);
	return { name, axes: axes.replace('K', 'V') };
};
