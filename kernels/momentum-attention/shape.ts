import { KernelError } from '../common/kernel-error.ts';

export const operator = 'momentum-attention';

/** N particles of d coordinates. */
export interface CloudSize {
	readonly particles: number;
	readonly width: number;
}

export function refuse(problem: string): never {
	throw new KernelError('shape', `${operator}: ${problem}`);
}

/** @throws KernelError `shape` when `values` is not a `[particles, width]` array of a whole size. */
export function checkCloud(name: string, values: ArrayLike<number>, size: CloudSize): void {
	const { particles, width } = size;
	for (const [side, count] of Object.entries({ particles, width })) {
		if (!(Number.isInteger(count) && count > 0))
			refuse(`${side} must be a whole number above 0, got ${count}`);
	}
	if (values.length !== particles * width) {
		refuse(`${name} needs ${particles}·${width} elements, got ${values.length}`);
	}
}

/** @throws KernelError `shape` when the matrix is not `[width, width]` and symmetric. */
export function checkSymmetric(name: string, matrix: Float64Array, width: number): void {
	if (matrix.length !== width * width) {
		refuse(`${name} needs ${width}·${width} elements, got ${matrix.length}`);
	}
	for (let i = 0; i < width; i++) {
		for (let j = 0; j < i; j++) {
			const [lower, upper] = [matrix[i * width + j]!, matrix[j * width + i]!];
			if (Math.abs(lower - upper) > 1e-9 * (1 + Math.abs(lower))) {
				refuse(`${name} must be symmetric, got ${lower} and ${upper} at (${i}, ${j})`);
			}
		}
	}
}
