import { pseudoinverse, type Matrix } from './linear-algebra.ts';
import { refuse } from './shape.ts';

/** How well a code keeps its features apart, and how well a linear read-out uses it. Symbols: README.md. */
export interface CodeMetrics {
	/** `[features]`: h_i, the share of a dimension that feature i can have to itself; they sum to d. */
	readonly leverage: Float64Array;
	/** `[features]`: `Σ_{j≠i} M_ij²` of the read-out in use. */
	readonly crosstalk: Float64Array;
	/** RMS of the off-diagonal entries of M. */
	readonly rms: number;
	/** The least RMS that any code of F features in d dimensions has, `√((F − d) / (d (F − 1)))`. */
	readonly welch: number;
	/** Crosstalk of the best read-out of this code over that floor; 1 is the best code. NaN where F ≤ d. */
	readonly geometry: number;
	/** Crosstalk of the read-out in use over that of the best for this code; 1 is the best. NaN where F ≤ d. */
	readonly readOut: number;
	/** Largest |cosine| of two features. */
	readonly coherence: number;
	/** `‖φ_i‖² / Σ_j (φ̂_i · φ_j)²`: the dimensions feature i has to itself. */
	readonly dimensionality: Float64Array;
	/** `d / ‖Φ‖²`. */
	readonly dimensionsPerFeature: number;
}

/** The least RMS crosstalk of F unit-diagonal features in d dimensions; 0 where they fit. */
export function welchFloor(features: number, dimensions: number): number {
	if (features <= dimensions) return 0;
	return Math.sqrt((features - dimensions) / (dimensions * (features - 1)));
}

/**
 * The most features that may be on together so that a threshold of ½ still reads them without error,
 * `s·μ + ν < ½`. @returns −1 where even the noise alone is too much
 */
export function recoverableActive(coherence: number, noise = 0): number {
	if (noise >= 0.5) return -1;
	return coherence > 0 ? Math.ceil((0.5 - noise) / coherence) - 1 : Infinity;
}

/**
 * @param code Φ, `[d, F]`, a column for each feature
 * @param readOut G, `[F, d]`; the best linear read-out of the code when absent
 * @throws KernelError `shape` when the code has no full rank, or a read-out does not see its own feature
 */
export function codeMetrics(code: Matrix, readOut?: Matrix): CodeMetrics {
	const { rows: d, columns: F, values } = code;
	if (readOut && (readOut.rows !== F || readOut.columns !== d)) {
		refuse(`the read-out must be ${F} × ${d}, got ${readOut.rows} × ${readOut.columns}`);
	}
	const best = pseudoinverse(code);
	const column = (i: number) => Float64Array.from({ length: d }, (_, a) => values[a * F + i]!);
	const columns = Array.from({ length: F }, (_, i) => column(i));
	const rowOf = ({ values: g }: Matrix, i: number) => g.subarray(i * d, (i + 1) * d);
	const leverage = Float64Array.from(columns, (phi, i) => dot(rowOf(best, i), phi));
	const sizes = columns.map((phi) => Math.sqrt(dot(phi, phi)));
	const crosstalk = leverage.map((h) => 1 / h - 1);
	const bestTotal = sum(crosstalk);
	const dimensionality = new Float64Array(F);
	let coherence = 0;
	for (let i = 0; i < F; i++) {
		const phi = columns[i]!;
		const g = readOut && rowOf(readOut, i);
		const own = g ? dot(g, phi) : 1;
		if (own === 0) refuse(`read-out ${i} does not see its own feature`);
		let [energy, overlap] = [0, 0];
		for (let j = 0; j < F; j++) {
			const inner = dot(phi, columns[j]!) / sizes[i]!;
			overlap += inner ** 2;
			if (j === i) continue;
			coherence = Math.max(coherence, Math.abs(inner) / sizes[j]!);
			if (g) energy += (dot(g, columns[j]!) / own) ** 2;
		}
		dimensionality[i] = sizes[i]! ** 2 / overlap;
		if (g) crosstalk[i] = energy;
	}
	const total = sum(crosstalk);
	const floor = F > d ? (F * (F - d)) / d : NaN;
	return {
		...{ leverage, crosstalk, coherence, dimensionality },
		rms: F > 1 ? Math.sqrt(Math.max(0, total) / (F * (F - 1))) : 0,
		welch: welchFloor(F, d),
		geometry: bestTotal / floor,
		readOut: F > d ? total / bestTotal : NaN,
		dimensionsPerFeature: d / values.reduce((all, x) => all + x * x, 0),
	};
}

function sum(values: Float64Array): number {
	return values.reduce((total, x) => total + x, 0);
}

function dot(a: Float64Array, b: Float64Array): number {
	let total = 0;
	for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
	return total;
}
