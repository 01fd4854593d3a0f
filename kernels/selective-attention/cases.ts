import { memoryShape, randomMemory } from '../common/memory/cases.ts';
import { seeded } from '../common/seeded.ts';
import type { SelectiveInputs, SelectiveOptions, SelectiveShape } from './selective-attention.ts';

export interface SelectiveCase {
	readonly name: string;
	readonly shape: SelectiveShape;
	readonly options: SelectiveOptions;
}

const small: SelectiveShape = { B: 2, H: 2, T: 45, K: 6, V: 4 };
const half = { by: 'threshold', above: 0.5 } as const;

/** Every choice, both ways to weigh, one token, several blocks of rows. */
export const cases: readonly SelectiveCase[] = [
	{
		name: 'one token',
		shape: { B: 1, H: 1, T: 1, K: 1, V: 1 },
		options: { choice: { by: 'all' } },
	},
	{ name: 'all', shape: small, options: { choice: { by: 'all' } } },
	{ name: 'the top seven', shape: small, options: { choice: { by: 'top', count: 7 } } },
	{ name: 'above a half, not causal', shape: small, options: { choice: half, causal: false } },
	{
		name: 'local softmax',
		shape: small,
		options: { choice: half, local: { window: 5, weigh: 'softmax' } },
	},
	{
		name: 'local relu²',
		shape: { ...small, B: 1, T: 760, H: 1 },
		options: { choice: half, scale: 0.1, local: { window: 40, weigh: 'relu2', bias: 0.05 } },
	},
];

/** RMS error over RMS of the float64 reference. SwiftShader measures at most 2.1e-7 (an output); this leaves tenfold. */
export const tolerances = { weights: 4e-6, statistics: 2e-5 };

export function randomSelective({ B, H, T, K, V }: SelectiveShape, seed = 8) {
	const { q, k, v } = randomMemory(memoryShape(B, H, T, K, V), seed);
	const next = seeded(seed);
	const selector = {
		data: Float32Array.from({ length: B * T }, next),
		strides: [T, 0, 1, 0],
	} as const;
	return { q, k, v, selector } satisfies SelectiveInputs;
}
