import { seeded } from '../common/seeded.ts';
import { laidOut, type Strided } from '../common/tensors.ts';
import type { ConvolutionInputs, ConvolutionShape } from './base-convolution.ts';

/** Short and long filters, both sides of a workgroup (64), and several blocks of rows. */
export const shapes: readonly ConvolutionShape[] = [
	{ B: 1, D: 1, T: 1, L: 3 },
	{ B: 2, D: 5, T: 63, L: 3 },
	{ B: 1, D: 3, T: 65, L: 65 },
	{ B: 1, D: 2, T: 800, L: 4 },
];

/** RMS error over RMS of the float64 reference. SwiftShader measures at most 1.6e-7 (a mean distance); this leaves tenfold. */
export const tolerances = { weights: 2e-6, statistics: 1e-5 };

interface Plain {
	readonly data: Float32Array<ArrayBuffer>;
}

export function randomInputs({ B, D, T, L }: ConvolutionShape, seed = 11) {
	const next = seeded(seed);
	const filled = (length: number) => Float32Array.from({ length }, () => next() * 2 - 1);
	return {
		u: laidOut(filled(B * T * D), 'BTHK', [B, D, T, 1]) as Strided & Plain,
		filter: { data: filled(D * L), strides: [0, L, 1, 0] },
		bias: { data: filled(D), strides: [0, 1, 0, 0] },
		gate: laidOut(filled(B * T * D), 'BTHK', [B, D, T, 1]) as Strided & Plain,
	} satisfies ConvolutionInputs;
}
