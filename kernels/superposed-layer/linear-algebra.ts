import { refuse } from './shape.ts';

/** A dense matrix, row-major. */
export interface Matrix {
	readonly rows: number;
	readonly columns: number;
	readonly values: Float64Array;
}

export function zeros(rows: number, columns: number): Matrix {
	return { rows, columns, values: new Float64Array(rows * columns) };
}

/** @throws KernelError `shape` when the inner sizes differ. */
export function multiply(a: Matrix, b: Matrix): Matrix {
	if (a.columns !== b.rows) {
		refuse(`a product needs as many columns (${a.columns}) as rows (${b.rows})`);
	}
	const product = zeros(a.rows, b.columns);
	for (let i = 0; i < a.rows; i++) {
		const target = product.values.subarray(i * b.columns, (i + 1) * b.columns);
		for (let k = 0; k < a.columns; k++) {
			const factor = a.values[i * a.columns + k]!;
			if (factor === 0) continue;
			const from = k * b.columns;
			for (let j = 0; j < b.columns; j++) target[j]! += factor * b.values[from + j]!;
		}
	}
	return product;
}

export function transpose({ rows, columns, values }: Matrix): Matrix {
	const turned = zeros(columns, rows);
	for (let i = 0; i < rows; i++) {
		for (let j = 0; j < columns; j++) turned.values[j * rows + i] = values[i * columns + j]!;
	}
	return turned;
}

/**
 * `A⁺` of a matrix of full rank, by a Cholesky factor of its smaller Gram matrix.
 *
 * @throws KernelError `shape` when rows or columns depend on one another
 */
export function pseudoinverse(matrix: Matrix): Matrix {
	const turned = transpose(matrix);
	const wide = matrix.columns >= matrix.rows;
	const factor = cholesky(gram(wide ? matrix : turned));
	if (wide) return transpose(solve(factor, matrix));
	return solve(factor, turned);
}

/** `A Aᵀ`. */
export function gram({ rows, columns, values }: Matrix): Matrix {
	const product = zeros(rows, rows);
	for (let i = 0; i < rows; i++) {
		const own = values.subarray(i * columns, (i + 1) * columns);
		for (let j = 0; j <= i; j++) {
			const from = j * columns;
			let sum = 0;
			for (let k = 0; k < columns; k++) sum += own[k]! * values[from + k]!;
			product.values[i * rows + j] = sum;
			product.values[j * rows + i] = sum;
		}
	}
	return product;
}

/**
 * `A⁻¹ B` of a symmetric positive definite A.
 *
 * @throws KernelError `shape` when rows depend on one another
 */
export function solveSymmetric(matrix: Matrix, right: Matrix): Matrix {
	return solve(cholesky(matrix), right);
}

/** Lower triangular L with `L Lᵀ = A`. */
function cholesky({ rows, values }: Matrix): Matrix {
	const factor = zeros(rows, rows);
	const l = factor.values;
	let largest = 0;
	for (let i = 0; i < rows; i++) largest = Math.max(largest, values[i * rows + i]!);
	for (let i = 0; i < rows; i++) {
		for (let j = 0; j <= i; j++) {
			let rest = values[i * rows + j]!;
			for (let k = 0; k < j; k++) rest -= l[i * rows + k]! * l[j * rows + k]!;
			if (i > j) {
				l[i * rows + j] = rest / l[j * rows + j]!;
				continue;
			}
			if (!(rest > 1e-12 * largest)) {
				refuse(
					`the matrix has no full rank: vector ${i} of its shorter side depends on the ones before it`,
				);
			}
			l[i * rows + i] = Math.sqrt(rest);
		}
	}
	return factor;
}

/** `(L Lᵀ)⁻¹ B`. */
function solve(factor: Matrix, right: Matrix): Matrix {
	const { rows: size, values: l } = factor;
	const width = right.columns;
	const x = right.values.slice();
	const subtract = (target: number, source: number, times: number) => {
		for (let j = 0; j < width; j++) x[target * width + j]! -= times * x[source * width + j]!;
	};
	const divide = (row: number, by: number) => {
		for (let j = 0; j < width; j++) x[row * width + j]! /= by;
	};
	for (let i = 0; i < size; i++) {
		for (let k = 0; k < i; k++) subtract(i, k, l[i * size + k]!);
		divide(i, l[i * size + i]!);
	}
	for (let i = size - 1; i >= 0; i--) {
		for (let k = i + 1; k < size; k++) subtract(i, k, l[k * size + i]!);
		divide(i, l[i * size + i]!);
	}
	return { rows: size, columns: width, values: x };
}

/** Pearson's correlation of the entries of two matrices of equal size. */
export function correlation(a: Matrix, b: Matrix): number {
	const count = a.values.length;
	if (count !== b.values.length)
		refuse(`correlation needs ${count} entries, got ${b.values.length}`);
	let [sa, sb, aa, bb, ab] = [0, 0, 0, 0, 0];
	for (let i = 0; i < count; i++) {
		const [x, y] = [a.values[i]!, b.values[i]!];
		sa += x;
		sb += y;
		aa += x * x;
		bb += y * y;
		ab += x * y;
	}
	return (ab - (sa * sb) / count) / Math.sqrt((aa - sa ** 2 / count) * (bb - sb ** 2 / count));
}
