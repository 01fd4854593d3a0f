import { seeded } from '../common/seeded.ts';
import { laidOut } from '../common/tensors.ts';
import type { SoftmaxInputs, SoftmaxOptions, SoftmaxShape } from './shape.ts';

export interface SoftmaxCase {
	readonly name: string;
	readonly shape: SoftmaxShape;
	readonly options?: SoftmaxOptions;
	readonly change?: (inputs: PlainInputs, shape: SoftmaxShape) => SoftmaxInputs;
}

/** Arrays as `randomInputs` makes them, `[B, H, T, K]` and so on. */
export type PlainInputs = ReturnType<typeof randomInputs>;

const small: SoftmaxShape = { B: 2, H: 4, keyHeads: 2, T: 33, S: 33, K: 5, V: 7 };

/** Small, odd, both sides of every tile (4, 8, 32, 64), and every option once. */
export const cases: readonly SoftmaxCase[] = [
	{ name: 'one token', shape: { B: 1, H: 1, keyHeads: 1, T: 1, S: 1, K: 1, V: 1 } },
	{ name: 'below the tiles', shape: { B: 1, H: 2, keyHeads: 2, T: 63, S: 63, K: 8, V: 31 } },
	{ name: 'the tiles', shape: { B: 2, H: 3, keyHeads: 3, T: 64, S: 64, K: 16, V: 32 } },
	{ name: 'above the tiles', shape: { B: 1, H: 2, keyHeads: 1, T: 65, S: 65, K: 17, V: 33 } },
	{
		name: 'causal over several blocks',
		shape: { B: 1, H: 2, keyHeads: 2, T: 1000, S: 1000, K: 8, V: 4 },
		options: { causal: true },
	},
	{
		name: 'causal with a past',
		shape: { ...small, T: 9 },
		options: { causal: true, queryOffset: 24 },
	},
	{ name: 'causal by −10000', shape: small, options: { causal: true, causalFill: -1e4 } },
	{ name: 'soft cap and scale', shape: small, options: { softCap: 2, scale: 1.5 } },
	{
		name: 'slopes and window',
		shape: small,
		options: { causal: true, window: 5, slopes: Float32Array.of(0.5, 0.25, 0.125, 0) },
	},
	{
		name: 'a window over several tiles, with a past',
		shape: { ...small, T: 150, S: 300 },
		options: { causal: true, window: 70, queryOffset: 150 },
	},
	{
		name: 'a window that keeps later keys, slopes and a cap',
		shape: { ...small, T: 200, S: 200 },
		options: { window: 70, softCap: 3, slopes: Float32Array.of(0.5, 0.25, 0.125, 0) },
	},
	{
		name: 'an additive mask over the keys of each batch',
		shape: small,
		change: (inputs, { B, S }) => ({
			...inputs,
			additive: {
				data: Float32Array.from({ length: B * S }, (_, i) => (i % 3 === 0 ? -Infinity : -(i % 5))),
				strides: [S, 0, 0, 1],
			},
		}),
	},
	{
		name: 'an allowed mask, one row of it empty',
		shape: small,
		change: (inputs, { T, S }) => ({
			...inputs,
			allowed: {
				tensor: {
					data: Uint8Array.from({ length: T * S }, (_, i) => Number(i >= S && i % 3 === 0)),
					strides: [0, 0, S, 1],
				},
			},
		}),
	},
	{
		name: 'a mask of what to fill with −1e9, one row of it full',
		shape: small,
		change: (inputs, { T, S }) => ({
			...inputs,
			allowed: {
				tensor: {
					data: Uint8Array.from({ length: T * S }, (_, i) => Number(i < S || i % 3 === 0)),
					strides: [0, 0, S, 1],
				},
				one: 'fill',
				fill: -1e9,
			},
		}),
	},
	{
		name: 'a sink a head',
		shape: small,
		options: { causal: true },
		change: (inputs, { H }) => ({
			...inputs,
			sink: { data: Float32Array.from({ length: H }, (_, h) => h - 1), strides: [0, 1, 0, 0] },
		}),
	},
	{
		name: 'a sink a query in windows, above every score',
		shape: { ...small, T: 70, S: 70 },
		options: { causal: true, window: 5, softCap: 3 },
		change: (inputs, { B, H, T }) => ({
			...inputs,
			sink: laidOut(
				Float32Array.from({ length: B * H * T }, (_, i) => (i % 5 === 0 ? 20 : (i % 7) - 3)),
				'BHTK',
				[B, H, T, 1],
			),
		}),
	},
	{
		name: 'a transposed key',
		shape: small,
		change: (inputs, { B, keyHeads, S, K }) => {
			const k = new Float32Array(inputs.k.data.length);
			for (let bh = 0; bh < B * keyHeads; bh++) {
				for (let j = 0; j < S; j++) {
					for (let i = 0; i < K; i++)
						k[(bh * K + i) * S + j] = inputs.k.data[(bh * S + j) * K + i]!;
				}
			}
			return { ...inputs, k: laidOut(k, 'BHKT', [B, keyHeads, S, K]) };
		},
	},
];

/**
 * RMS error over RMS of the float64 reference, for weights and output.
 * SwiftShader measures at most 2.8e-7 (an output, above the tiles); this leaves tenfold.
 */
export const tolerance = 4e-6;

/** The same for a statistic. SwiftShader measures at most 2.4e-7 (the largest); this leaves tenfold and more. */
export const statisticTolerance = 1e-5;

/** Normal-ish values in (−2, 2), `[B, H, T, K]`, `[B, keyHeads, S, K]`, `[B, keyHeads, S, V]`. */
export function randomInputs({ B, H, keyHeads, T, S, K, V }: SoftmaxShape, seed = 7) {
	const next = seeded(seed);
	const filled = (length: number) => Float32Array.from({ length }, () => next() * 4 - 2);
	const array = (heads: number, tokens: number, channels: number) => ({
		data: filled(B * heads * tokens * channels),
		strides: laidOut(new Float32Array(0), 'BHTK', [B, heads, tokens, channels]).strides,
	});
	return { q: array(H, T, K), k: array(keyHeads, S, K), v: array(keyHeads, S, V) };
}
