import { checkCloud, refuse, type CloudSize } from './shape.ts';

export interface CloudShape {
	/** `[width]`. */
	readonly mean: Float64Array;
	/** `[width, width]`, divided by N. */
	readonly covariance: Float64Array;
	/** `[particles]`: `√((x − mean)ᵀ Σ⁻¹ (x − mean))`; a linear map of a cloud leaves every one as it is. */
	readonly whitenedRadii: Float64Array;
	/** Mean of the fourth power of those over `d (d + 2)`: 1 for a Gaussian (Mardia). */
	readonly kurtosis: number;
}

/** @throws KernelError `shape` when the cloud lies in a subspace, so that its covariance has no inverse. */
export function cloudShape(x: Float64Array, size: CloudSize): CloudShape {
	checkCloud('x', x, size);
	const { particles, width } = size;
	const mean = new Float64Array(width);
	x.forEach((value, at) => (mean[at % width]! += value / particles));
	const covariance = new Float64Array(width * width);
	for (let i = 0; i < particles; i++) {
		for (let a = 0; a < width; a++) {
			for (let b = 0; b < width; b++) {
				covariance[a * width + b]! +=
					((x[i * width + a]! - mean[a]!) * (x[i * width + b]! - mean[b]!)) / particles;
			}
		}
	}
	const factor = lowerFactor(covariance, width);
	const whitenedRadii = Float64Array.from({ length: particles }, (_, i) => {
		const white = new Float64Array(width);
		for (let a = 0; a < width; a++) {
			let rest = x[i * width + a]! - mean[a]!;
			for (let b = 0; b < a; b++) rest -= factor[a * width + b]! * white[b]!;
			white[a] = rest / factor[a * width + a]!;
		}
		return Math.hypot(...white);
	});
	const fourth = whitenedRadii.reduce((sum, r) => sum + r ** 4, 0) / particles;
	return { mean, covariance, whitenedRadii, kurtosis: fourth / (width * (width + 2)) };
}

/** L with `L Lᵀ = Σ`. */
function lowerFactor(sigma: Float64Array, width: number): Float64Array {
	const l = new Float64Array(width * width);
	for (let i = 0; i < width; i++) {
		for (let j = 0; j <= i; j++) {
			let rest = sigma[i * width + j]!;
			for (let k = 0; k < j; k++) rest -= l[i * width + k]! * l[j * width + k]!;
			if (i !== j) {
				l[i * width + j] = rest / l[j * width + j]!;
				continue;
			}
			if (!(rest > 1e-14 * sigma[i * width + i]!)) {
				refuse(`the cloud is flat: coordinate ${i} follows from the ones before it`);
			}
			l[i * width + i] = Math.sqrt(rest);
		}
	}
	return l;
}
