import { laidOut } from '../common/tensors.ts';
import type { BlockShape } from './block-inputs.ts';
import { normals } from './normals.ts';

/** One token and many, both sides of a workgroup (64), several heads, several blocks. */
export const cases: readonly (BlockShape & { readonly name: string })[] = [
	{ name: 'one token', B: 1, H: 1, T: 1, K: 1, D: 1 },
	{ name: 'below a workgroup', B: 2, H: 3, T: 63, K: 4, D: 12 },
	{ name: 'a workgroup', B: 1, H: 1, T: 64, K: 8, D: 64 },
	{ name: 'above a workgroup', B: 2, H: 2, T: 65, K: 5, D: 65 },
	{ name: 'several blocks', B: 1, H: 2, T: 800, K: 4, D: 8 },
];

/**
 * RMS error over RMS of the float64 reference, for every result of the block's matrix.
 * SwiftShader measures at most 4.3e-7 (largest entries, T = 64); this leaves tenfold.
 */
export const tolerance = 4e-6;

/** The same for the forces between particles. SwiftShader measures at most 4.3e-7 (1,000 particles). */
export const forceTolerance = 4e-6;

export function randomInputs({ B, H, T, K, D }: BlockShape, seed = 7) {
	const normal = normals(seed);
	const filled = (length: number) => Float32Array.from({ length }, normal);
	const wide = () => laidOut(filled(B * T * D), 'BHTK', [B, 1, T, D]);
	return {
		q: laidOut(filled(B * H * T * K), 'BHTK', [B, H, T, K]),
		k: laidOut(filled(B * H * T * K), 'BHTK', [B, H, T, K]),
		...{ v: wide(), momentum: wide(), moved: wide() },
	};
}

/** A random symmetric matrix; positive definite where `shift` is above its spread. */
export function symmetric(
	width: number,
	spread: number,
	shift: number,
	seed: number,
): Float64Array {
	const normal = normals(seed);
	const matrix = new Float64Array(width * width);
	for (let i = 0; i < width; i++) {
		for (let j = 0; j <= i; j++) {
			const value = spread * normal() + (i === j ? shift : 0);
			matrix[i * width + j] = matrix[j * width + i] = value;
		}
	}
	return matrix;
}
