/** Learned scale and shift of a layer norm; 1 and 0 when absent. */
export interface NormWeights {
	/** `[width]`. */
	readonly scale?: ArrayLike<number>;
	/** `[width]`. */
	readonly shift?: ArrayLike<number>;
	/** 1e-5 when absent. */
	readonly epsilon?: number;
}

/** Every row of `[rows, width]` to mean 0 and variance 1, then scaled and shifted. */
export function layerNorm(
	x: Float64Array,
	width: number,
	{ scale, shift, epsilon = 1e-5 }: NormWeights = {},
): Float64Array {
	const normed = new Float64Array(x.length);
	for (let from = 0; from < x.length; from += width) {
		const row = x.subarray(from, from + width);
		const mean = row.reduce((sum, value) => sum + value, 0) / width;
		const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
		row.forEach((value, d) => {
			const centred = (value - mean) / Math.sqrt(variance + epsilon);
			normed[from + d] = centred * (scale?.[d] ?? 1) + (shift?.[d] ?? 0);
		});
	}
	return normed;
}
