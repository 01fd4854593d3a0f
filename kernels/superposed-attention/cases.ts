import { seeded } from '../common/seeded.ts';
import { contiguous, type Strided } from '../common/tensors.ts';
import type { SuperposedInputs, SuperposedOptions, SuperposedShape } from './shape.ts';

export interface SuperposedCase {
	readonly name: string;
	readonly shape: SuperposedShape;
	readonly options?: SuperposedOptions;
	readonly masked?: boolean;
}

/** One cell and many, both sides of every tile (4, 32, 64), both denominators, both feature maps. */
export const cases: readonly SuperposedCase[] = [
	{ name: 'one cell, one token', shape: { B: 1, M: 1, N: 1, H: 1, T: 1, K: 1, F: 1 } },
	{ name: 'two rows of one', shape: { B: 2, M: 2, N: 1, H: 2, T: 5, K: 3, F: 7 } },
	{ name: 'below the tiles', shape: { B: 1, M: 2, N: 2, H: 2, T: 31, K: 15, F: 63 } },
	{ name: 'the tiles', shape: { B: 2, M: 2, N: 2, H: 1, T: 32, K: 16, F: 64 } },
	{ name: 'above the tiles', shape: { B: 1, M: 3, N: 2, H: 2, T: 33, K: 17, F: 65 } },
	{ name: 'masked', shape: { B: 2, M: 2, N: 3, H: 2, T: 9, K: 8, F: 16 }, masked: true },
	{
		name: 'a shared denominator',
		shape: { B: 2, M: 3, N: 2, H: 2, T: 13, K: 8, F: 24 },
		options: { denominator: 'shared', ownRow: 2 },
		masked: true,
	},
	{
		name: 'exponential features',
		shape: { B: 1, M: 2, N: 2, H: 2, T: 11, K: 8, F: 32 },
		options: { features: 'exp', epsilon: 1e-4 },
	},
	{ name: 'several blocks', shape: { B: 1, M: 4, N: 4, H: 1, T: 200, K: 8, F: 16 } },
];

/**
 * RMS error over RMS of the float64 reference, for every result.
 * SwiftShader measures at most 2.5e-7 (the mass of a row, at T = 32); this leaves tenfold.
 */
export const tolerance = 2.5e-6;

/** A repeatable source of numbers with mean 0 and variance 1. */
export function normals(seed: number): () => number {
	const next = seeded(seed);
	return () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

/** Normal queries, keys, values and projection, random signs, and a mask that hides the last tokens. */
export function randomInputs(
	{ B, M, N, H, T, K, F }: SuperposedShape,
	{ seed = 7, masked = false } = {},
): SuperposedInputs & { readonly [name in 'q' | 'k' | 'v']: Strided<Float32Array<ArrayBuffer>> } {
	const normal = normals(seed);
	const filled = (length: number) => Float32Array.from({ length }, normal);
	const strides = contiguous('BHTK', [B * M * N, H, T, K]);
	const vectors = () => ({ data: filled(B * M * N * H * T * K), strides });
	const hidden = Float32Array.from({ length: B * M * N * T }, (_, at) => {
		return Number(at % T < T - (Math.floor(at / T) % 3));
	});
	return {
		q: vectors(),
		k: vectors(),
		v: vectors(),
		keys: filled(M * N * K).map((x) => (x < 0 ? -1 : 1)),
		projection: filled(F * K),
		...(masked ? { mask: { data: hidden, strides: [T, 0, 1, 0] as const } } : {}),
	};
}
