/** `X·A`, `[rows, inner] × [inner, columns]`, row-major. */
export function product(
	x: Float64Array,
	a: Float64Array,
	inner: number,
	columns: number,
): Float64Array {
	const rows = x.length / inner;
	const result = new Float64Array(rows * columns);
	for (let i = 0; i < rows; i++) {
		for (let k = 0; k < inner; k++) {
			const factor = x[i * inner + k]!;
			for (let j = 0; j < columns; j++) result[i * columns + j]! += factor * a[k * columns + j]!;
		}
	}
	return result;
}

/** `Xᵀ·Y / rows`, `[columns of X, columns of Y]`. */
export function secondMoment(x: Float64Array, y: Float64Array, width: number): Float64Array {
	const rows = x.length / width;
	const moment = new Float64Array(width * width);
	for (let i = 0; i < rows; i++) {
		for (let a = 0; a < width; a++) {
			const factor = x[i * width + a]! / rows;
			for (let b = 0; b < width; b++) moment[a * width + b]! += factor * y[i * width + b]!;
		}
	}
	return moment;
}

export function transposed(a: Float64Array, width: number): Float64Array {
	return Float64Array.from(a, (_, at) => a[(at % width) * width + Math.floor(at / width)]!);
}

/** `x + Σ times·y`, entry by entry. */
export function plus(
	x: Float64Array,
	...terms: readonly (readonly [times: number, y: Float64Array])[]
): Float64Array {
	const sum = x.slice();
	for (const [times, y] of terms) for (let i = 0; i < sum.length; i++) sum[i]! += times * y[i]!;
	return sum;
}

export function scaled(x: Float64Array, times: number): Float64Array {
	return x.map((value) => times * value);
}

/** `Σ x·y`. */
export function inner(x: Float64Array, y: Float64Array): number {
	let sum = 0;
	for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
	return sum;
}
