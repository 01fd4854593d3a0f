import { gram, transpose, type Matrix } from './linear-algebra.ts';
import { refuse } from './shape.ts';

/** Turns of the QL iteration for one eigenvalue; a symmetric matrix of numbers takes two or three. */
const MOST_TURNS = 60;

/**
 * Singular values of a matrix, largest first, `min(rows, columns)` of them: square roots of the eigenvalues of its
 * smaller Gram matrix, by Householder's tridiagonal form and QL with implicit shifts (Golub and Van Loan, 8.3). In float64;
 * values below 1e-8 of the largest are rounding.
 *
 * @throws KernelError `shape` for numbers that are not finite
 */
export function singularValues(matrix: Matrix): Float64Array {
	const wide = matrix.columns >= matrix.rows;
	const { rows, values } = gram(wide ? matrix : transpose(matrix));
	if (values.some((x) => !Number.isFinite(x))) refuse('singular values need finite numbers');
	const { diagonal, below } = tridiagonal(values.slice(), rows);
	return eigenvalues(diagonal, below)
		.map((x) => Math.sqrt(Math.max(0, x)))
		.sort()
		.reverse();
}

/** @param a `[size, size]`, symmetric; used up */
function tridiagonal(a: Float64Array, size: number) {
	const diagonal = new Float64Array(size);
	const below = new Float64Array(size);
	const p = new Float64Array(size);
	for (let i = size - 1; i > 0; i--) {
		const v = a.subarray(i * size, i * size + i);
		let norm = 0;
		for (const x of v) norm += x * x;
		norm = Math.sqrt(norm);
		diagonal[i] = a[i * size + i]!;
		if (norm === 0) continue;
		const last = v[i - 1]!;
		const alpha = last > 0 ? -norm : norm;
		below[i] = alpha;
		v[i - 1] = last - alpha;
		const half = norm * norm - last * alpha;
		multiplySymmetric(a, size, v, p);
		let inner = 0;
		for (let j = 0; j < i; j++) inner += v[j]! * (p[j]! /= half);
		const k = inner / (2 * half);
		for (let j = 0; j < i; j++) p[j]! -= k * v[j]!;
		for (let j = 0; j < i; j++) {
			const row = a.subarray(j * size, j * size + j + 1);
			const [vj, pj] = [v[j]!, p[j]!];
			for (let l = 0; l <= j; l++) row[l]! -= vj * p[l]! + pj * v[l]!;
		}
	}
	diagonal[0] = a[0]!;
	return { diagonal, below };
}

/** `target = A v` of the leading part of A as long as v, of which only the lower half is right. */
function multiplySymmetric(
	a: Float64Array,
	size: number,
	v: Float64Array,
	target: Float64Array,
): void {
	target.fill(0);
	for (let j = 0; j < v.length; j++) {
		const vj = v[j]!;
		let sum = a[j * size + j]! * vj;
		for (let l = 0; l < j; l++) {
			const x = a[j * size + l]!;
			sum += x * v[l]!;
			target[l]! += x * vj;
		}
		target[j]! += sum;
	}
}

/** @param below the entry under each diagonal one: `below[i]` couples i − 1 and i */
function eigenvalues(diagonal: Float64Array, below: Float64Array): Float64Array {
	const size = diagonal.length;
	const d = diagonal;
	const e = new Float64Array(size);
	e.set(below.subarray(1));
	for (let l = 0; l < size; l++) {
		for (let turn = 0; ; turn++) {
			let m = l;
			while (m < size - 1 && Math.abs(e[m]!) > Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))) m++; // prettier-ignore
			if (m === l) break;
			if (turn === MOST_TURNS) refuse(`eigenvalue ${l} did not settle in ${MOST_TURNS} turns`);
			turnOnce(d, e, l, m);
		}
	}
	return d;
}

/** One QL step of the block from l to m. */
function turnOnce(d: Float64Array, e: Float64Array, l: number, m: number): void {
	let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
	let r = Math.hypot(g, 1);
	g = d[m]! - d[l]! + e[l]! / (g + (g >= 0 ? r : -r));
	let [s, c, p] = [1, 1, 0];
	for (let i = m - 1; i >= l; i--) {
		const f = s * e[i]!;
		const b = c * e[i]!;
		r = Math.hypot(f, g);
		e[i + 1] = r;
		if (r === 0) {
			d[i + 1]! -= p;
			e[m] = 0;
			return;
		}
		s = f / r;
		c = g / r;
		g = d[i + 1]! - p;
		r = (d[i]! - g) * s + 2 * c * b;
		p = s * r;
		d[i + 1] = g + p;
		g = c * r - b;
	}
	d[l]! -= p;
	e[l] = g;
	e[m] = 0;
}
