/** Sweeps after which Jacobi's method has converged for any matrix met; it takes about six. */
const MOST_SWEEPS = 60;

/**
 * Singular values of a row-major `[rows, columns]` matrix, largest first, min(rows, columns) of them, by
 * one-sided Jacobi rotations in float64.
 */
export function singularValues(
	values: ArrayLike<number>,
	rows: number,
	columns: number,
): Float64Array {
	const short = Math.min(rows, columns);
	const long = Math.max(rows, columns);
	// The vectors along the short side, so that as few pairs as possible are rotated
	const vectors = Array.from({ length: short }, (_, i) =>
		Float64Array.from({ length: long }, (_unused, n) =>
			rows <= columns ? values[i * columns + n]! : values[n * columns + i]!,
		),
	);
	for (let sweep = 0; sweep < MOST_SWEEPS && rotateAll(vectors); sweep++);
	return Float64Array.from(vectors, (vector) => Math.hypot(...vector)).sort((a, b) => b - a);
}

/** `exp` of the entropy of the values over their sum: how many of them carry the matrix. */
export function effectiveRank(singular: Float64Array): number {
	const sum = singular.reduce((a, x) => a + x, 0);
	if (sum === 0) return 0;
	return Math.exp(
		singular.reduce((entropy, x) => (x > 0 ? entropy - (x / sum) * Math.log(x / sum) : entropy), 0),
	);
}

/** Makes every pair of vectors orthogonal once. @returns whether any was not */
function rotateAll(vectors: readonly Float64Array[]): boolean {
	let moved = false;
	vectors.forEach((x, at) => {
		for (const y of vectors.slice(at + 1)) {
			let [xx, yy, xy] = [0, 0, 0];
			x.forEach((value, n) => {
				xx += value * value;
				yy += y[n]! * y[n]!;
				xy += value * y[n]!;
			});
			if (xy === 0 || Math.abs(xy) <= 1e-15 * Math.sqrt(xx * yy)) continue;
			moved = true;
			const zeta = (yy - xx) / (2 * xy);
			const tangent = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.hypot(1, zeta));
			const cosine = 1 / Math.hypot(1, tangent);
			x.forEach((value, n) => {
				x[n] = cosine * (value - tangent * y[n]!);
				y[n] = cosine * (tangent * value + y[n]!);
			});
		}
	});
	return moved;
}
