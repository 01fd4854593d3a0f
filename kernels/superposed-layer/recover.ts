import { gram, multiply, solveSymmetric, transpose, type Matrix } from './linear-algebra.ts';
import { refuse } from './shape.ts';

/** What some rows of W alone give back of the same rows of R. */
export interface Recovered {
	/** `W C = R D C`, `[rows, m]`: R plus crosstalk. */
	readonly byCode: Matrix;
	/** `(m / min(m, n)) W (C Cᵀ)⁻¹ C`, `[rows, m]`: for D = Cᵀ the crosstalk of the best linear decompression. */
	readonly byPseudoinverse: Matrix;
}

/**
 * @param weights rows of W, `[rows, n]`
 * @param code C, `[n, m]`, m ≥ n and of full rank
 * @throws KernelError `shape` when the two do not fit, or the code has no full rank
 */
export function recoverComputation(weights: Matrix, code: Matrix): Recovered {
	if (weights.columns !== code.rows) {
		refuse(`W has ${weights.columns} columns, and the code ${code.rows} rows`);
	}
	const { rows: n, columns: m } = code;
	const solved = transpose(solveSymmetric(gram(code), transpose(weights)));
	const scale = m / Math.min(m, n);
	const given = multiply(solved, code);
	return {
		byCode: multiply(weights, code),
		byPseudoinverse: { ...given, values: given.values.map((x) => x * scale) },
	};
}

/** How far an estimate lies from R: mean where R is 1, mean where it is 0, spread of its errors, correlation with it. */
export interface RecoveryError {
	readonly atOnes: number;
	readonly atZeros: number;
	/** Standard deviation of the errors where R is 0. */
	readonly noise: number;
	/** Share of entries on the right side of ½. */
	readonly right: number;
}

/** @param truth R, the same rows @throws KernelError `shape` for other sizes */
export function recoveryError(estimate: Matrix, truth: Matrix): RecoveryError {
	if (estimate.rows !== truth.rows || estimate.columns !== truth.columns) {
		refuse(`an estimate of ${truth.rows} × ${truth.columns} is ${estimate.rows} × ${estimate.columns}`); // prettier-ignore
	}
	let [ones, atOnes, atZeros, squares, right] = [0, 0, 0, 0, 0];
	estimate.values.forEach((value, at) => {
		const one = truth.values[at]! > 0.5;
		if (value > 0.5 === one) right++;
		if (one) {
			ones++;
			atOnes += value;
		} else {
			atZeros += value;
			squares += value * value;
		}
	});
	const zeros = estimate.values.length - ones;
	const mean = atZeros / zeros;
	return {
		atOnes: atOnes / ones,
		atZeros: mean,
		noise: Math.sqrt(Math.max(0, squares / zeros - mean ** 2)),
		right: right / estimate.values.length,
	};
}
