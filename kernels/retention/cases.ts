import { seeded } from '../common/seeded.ts';
import { laidOut } from '../common/tensors.ts';
import type { RetentionInputs, RetentionOptions, RetentionShape } from './shape.ts';

export interface RetentionCase {
	readonly name: string;
	readonly shape: RetentionShape;
	readonly options: RetentionOptions;
}

const small: RetentionShape = { B: 2, H: 4, keyHeads: 2, T: 33, S: 33, K: 5, V: 7 };

/** Both sides of a row's invocations (8), of the tiles (64), several blocks, and every option once. */
export const cases: readonly RetentionCase[] = [
	{
		name: 'one token',
		shape: { B: 1, H: 1, keyHeads: 1, T: 1, S: 1, K: 1, V: 1 },
		options: { normalised: true },
	},
	{
		name: 'below the tiles',
		shape: { B: 1, H: 2, keyHeads: 2, T: 63, S: 63, K: 8, V: 31 },
		options: {},
	},
	{
		name: 'above the tiles, normalised',
		shape: { B: 1, H: 2, keyHeads: 1, T: 65, S: 65, K: 17, V: 33 },
		options: { normalised: true, scale: 0.7 },
	},
	{ name: 'causal', shape: small, options: { causal: true } },
	{
		name: 'fewer queries than keys',
		shape: { ...small, T: 9 },
		options: { normalised: true },
	},
	{
		name: 'causal and normalised over several blocks',
		shape: { B: 1, H: 2, keyHeads: 2, T: 800, S: 800, K: 4, V: 3 },
		options: { causal: true, normalised: true },
	},
];

/** q, k and v in (−1, 1); D is γ^(t−j) with another γ for each head, 0 for later tokens. */
export function randomRetention(
	{ B, H, keyHeads, T, S, K, V }: RetentionShape,
	seed = 5,
): RetentionInputs & { readonly v: { readonly data: Float32Array<ArrayBuffer> } } {
	const next = seeded(seed);
	const tensor = (heads: number, tokens: number, channels: number) =>
		laidOut(
			Float32Array.from({ length: B * heads * tokens * channels }, () => next() * 2 - 1),
			'BHTK',
			[B, heads, tokens, channels],
		);
	const table = Float32Array.from({ length: H * T * S }, (_, at) => {
		const [h, t, j] = [Math.floor(at / (T * S)), Math.floor(at / S) % T, at % S];
		return j > t ? 0 : gammaOf(h) ** (t - j);
	});
	return {
		q: tensor(H, T, K),
		k: tensor(keyHeads, S, K),
		v: tensor(keyHeads, S, V),
		table: { data: table, strides: [0, T * S, S, 1] },
	};
}

/** 1 − 2^(−3−h), the paper's choice with its heads nearer to each other. */
export const gammaOf = (head: number): number => 1 - 2 ** (-3 - head);

/** RMS error over RMS of the float64 reference. SwiftShader measures at most 1.4e-7 (above the tiles); this leaves tenfold and more. */
export const tolerances = { weights: 2e-6, statistics: 2e-6 };
