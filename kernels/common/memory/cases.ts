import { seeded } from '../seeded.ts';
import { laidOut, type Strided } from '../tensors.ts';
import type { MemoryShape } from './memory.ts';

/** One head for every tensor's head. */
export function memoryShape(B: number, H: number, T: number, K: number, V: number): MemoryShape {
	return { B, H, queryHeads: H, keyHeads: H, valueHeads: H, T, K, V };
}

/** Small, odd, and both sides of the shaders' workgroups (32, 64) and blocks (2¹⁹ entries). */
export const memoryShapes: readonly MemoryShape[] = [
	memoryShape(1, 1, 1, 1, 1),
	memoryShape(2, 3, 31, 16, 8),
	memoryShape(1, 2, 33, 31, 33),
	memoryShape(1, 2, 65, 65, 64),
	{ B: 2, H: 4, queryHeads: 2, keyHeads: 1, valueHeads: 4, T: 40, K: 6, V: 5 },
	memoryShape(1, 3, 500, 8, 4),
	memoryShape(1, 1, 800, 4, 3),
];

export const nameOf = ({ B, T, H, K, V, keyHeads }: MemoryShape): string =>
	`B${B}-T${T}-H${H}-K${K}-V${V}${keyHeads < H ? '-grouped' : ''}`;

/** Queries in (−1, 1), unit keys, values in (−1, 1), decays in (0.9, 1), β in (0, 1), a small state. */
export function randomMemory(shape: MemoryShape, seed = 42) {
	const next = seeded(seed);
	const { B, H, queryHeads, keyHeads, valueHeads, T, K, V } = shape;
	const tensor = (heads: number, tokens: number, channels: number, draw: () => number) =>
		laidOut(Float32Array.from({ length: B * heads * tokens * channels }, draw), 'BHTK', [
			B,
			heads,
			tokens,
			channels,
		]);
	const signed = () => next() * 2 - 1;
	const q = tensor(queryHeads, T, K, signed);
	const k = tensor(keyHeads, T, K, signed);
	const v = tensor(valueHeads, T, V, signed);
	normaliseRows(k.data, K);
	const perHead = tensor(valueHeads, T, 1, () => 0.9 + 0.1 * next());
	return {
		q,
		k,
		v,
		decay: { ...perHead, strides: [valueHeads * T, T, 1, 0] } as Strided & PlainData,
		channelDecay: tensor(valueHeads, T, K, () => 0.9 + 0.1 * next()) as Strided & PlainData,
		beta: tensor(valueHeads, T, 1, next) as Strided & PlainData,
		initial: tensor(H, K, V, () => signed() / 4) as Strided & PlainData,
	};
}

interface PlainData {
	readonly data: Float32Array<ArrayBuffer>;
}

/** Scales every row to length 1. */
export function normaliseRows(values: Float32Array<ArrayBuffer>, width: number): void {
	for (let from = 0; from < values.length; from += width) {
		const row = values.subarray(from, from + width);
		const length = Math.hypot(...row);
		row.forEach((x, i) => (row[i] = x / length));
	}
}
