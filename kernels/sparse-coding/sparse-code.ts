import { checkRows, dot, refuse, rowOf, type Rows } from './rows.ts';

/** Every row as a sum of a few features. */
export interface SparseCode {
	/** `[rows, sparsity]`: features used, in the order they were taken; −1 where fewer were. */
	readonly used: Int32Array;
	/** `[rows, sparsity]`: how much of each. */
	readonly weights: Float64Array;
	/** `[rows]`: ‖x − sum‖². */
	readonly errors: Float64Array;
	/** Σ‖x − sum‖² / Σ‖x‖²; 0 for rows that are all zero. */
	readonly error: number;
}

/** A rest this small of a row is rounding. */
const NOTHING = 1e-20;

/**
 * Orthogonal matching pursuit: feature by feature the one most like what is left, with the weights of all taken so far
 * fitted anew (Pati, Rezaiifar and Krishnaprasad, 1993). In float64.
 *
 * @param features `[F, width]`, unit rows
 * @param sparsity most features of a row
 * @throws KernelError `shape` when the two do not fit
 */
export function sparseCode(rows: Rows, features: Rows, sparsity: number): SparseCode {
	checkRows('rows', rows);
	checkRows('features', features);
	if (rows.width !== features.width) {
		refuse(`rows of ${rows.width} columns cannot be made of features of ${features.width}`);
	}
	if (!(Number.isInteger(sparsity) && sparsity > 0)) {
		refuse(`sparsity must be a whole number above 0, got ${sparsity}`);
	}
	const used = new Int32Array(rows.count * sparsity).fill(-1);
	const weights = new Float64Array(rows.count * sparsity);
	const errors = new Float64Array(rows.count);
	let size = 0;
	for (let t = 0; t < rows.count; t++) {
		const x = rowOf(rows, t);
		size += dot(x, x);
		errors[t] = pursue(x, features, sparsity, used, weights, t * sparsity);
	}
	const error = errors.reduce((sum, e) => sum + e, 0);
	return { used, weights, errors, error: size > 0 ? error / size : 0 };
}

/** Writes one row's features and weights from `at` on. @returns the squared size of what is left */
function pursue(
	x: Float64Array,
	features: Rows,
	sparsity: number,
	used: Int32Array,
	weights: Float64Array,
	at: number,
): number {
	const rest = x.slice();
	const taken: number[] = [];
	/** The taken features made orthonormal, and how they came from them: upper triangular. */
	const basis: Float64Array[] = [];
	const triangle: number[][] = [];
	const onBasis: number[] = [];
	while (taken.length < Math.min(sparsity, x.length, features.count)) {
		if (dot(rest, rest) <= NOTHING * dot(x, x)) break;
		const next = mostAlike(rest, features, taken);
		const column = rowOf(features, next).slice();
		const shares = basis.map((vector) => {
			const share = dot(vector, column);
			for (let i = 0; i < column.length; i++) column[i]! -= share * vector[i]!;
			return share;
		});
		const length = Math.sqrt(dot(column, column));
		// it lies in the span of those taken: nothing is left to explain
		if (next < 0 || length < 1e-9) break;
		for (let i = 0; i < column.length; i++) column[i]! /= length;
		const weight = dot(column, rest);
		for (let i = 0; i < rest.length; i++) rest[i]! -= weight * column[i]!;
		taken.push(next);
		basis.push(column);
		triangle.push([...shares, length]);
		onBasis.push(weight);
	}
	for (let j = taken.length - 1; j >= 0; j--) {
		let weight = onBasis[j]!;
		for (let k = j + 1; k < taken.length; k++) weight -= triangle[k]![j]! * weights[at + k]!;
		weights[at + j] = weight / triangle[j]![j]!;
		used[at + j] = taken[j]!;
	}
	return dot(rest, rest);
}

function mostAlike(rest: Float64Array, features: Rows, taken: readonly number[]): number {
	const { count, width, values } = features;
	let [best, most] = [-1, 0];
	for (let f = 0; f < count; f++) {
		let sum = 0;
		for (let i = 0, from = f * width; i < width; i++) sum += rest[i]! * values[from + i]!;
		const size = Math.abs(sum);
		if (size > most && !taken.includes(f)) [best, most] = [f, size];
	}
	return Math.max(best, 0);
}
