import { interferenceOnDevice, interferenceReference, type Interference } from './interference.ts';
import { pseudoinverse, transpose, type Matrix } from './linear-algebra.ts';
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
 * In float64.
 *
 * @param code Φ, `[d, F]`, a column for each feature
 * @param readOut G, `[F, d]`; the best linear read-out of the code when absent
 * @throws KernelError `shape` when the code has no full rank, or a read-out does not see its own feature
 */
export function codeMetrics(code: Matrix, readOut?: Matrix): CodeMetrics {
	const sizes = columnSizes(code);
	return metricsFrom(code, sizes, {
		code: interferenceReference(code, unitRows(code, sizes), inverse(sizes)),
		readOut: readOut && interferenceReference(code, readOut),
	});
}

/** The same with its F² d products in float32 on a GPU; leverage stays in float64. */
export async function codeMetricsOnDevice(
	device: GPUDevice,
	code: Matrix,
	readOut?: Matrix,
): Promise<CodeMetrics> {
	const sizes = columnSizes(code);
	return metricsFrom(code, sizes, {
		code: await interferenceOnDevice(device, code, unitRows(code, sizes), inverse(sizes)),
		readOut: readOut && (await interferenceOnDevice(device, code, readOut)),
	});
}

function metricsFrom(
	code: Matrix,
	sizes: Float64Array,
	heard: { readonly code: Interference; readonly readOut: Interference | undefined },
): CodeMetrics {
	const { rows: d, columns: F, values } = code;
	const best = pseudoinverse(code).values;
	const leverage = Float64Array.from({ length: F }, (_, i) => {
		let sum = 0;
		for (let a = 0; a < d; a++) sum += best[i * d + a]! * values[a * F + i]!;
		return sum;
	});
	const bestCrosstalk = leverage.map((h) => Math.max(0, 1 / h - 1));
	const crosstalk = heard.readOut?.energy.map((energy, i) => {
		const own = heard.readOut!.own[i]!;
		if (own === 0) refuse(`read-out ${i} does not see its own feature`);
		return energy / own ** 2;
	});
	const [total, bestTotal] = [sum(crosstalk ?? bestCrosstalk), sum(bestCrosstalk)];
	return {
		leverage,
		crosstalk: crosstalk ?? bestCrosstalk,
		coherence: Math.max(...heard.code.largest),
		dimensionality: sizes.map(
			(size, i) => size ** 2 / (heard.code.energy[i]! + heard.code.own[i]! ** 2),
		),
		rms: F > 1 ? Math.sqrt(total / (F * (F - 1))) : 0,
		welch: welchFloor(F, d),
		geometry: F > d ? (bestTotal * d) / (F * (F - d)) : NaN,
		readOut: F > d ? total / bestTotal : NaN,
		dimensionsPerFeature: d / values.reduce((all, x) => all + x * x, 0),
	};
}

/** `‖φ_i‖`. */
function columnSizes({ columns, values }: Matrix): Float64Array {
	const squares = new Float64Array(columns);
	values.forEach((x, at) => (squares[at % columns]! += x * x));
	const silent = squares.indexOf(0);
	if (silent >= 0) refuse(`feature ${silent} of the code is zero`);
	return squares.map(Math.sqrt);
}

/** φ̂ᵢᵀ as rows. */
function unitRows(code: Matrix, sizes: Float64Array): Matrix {
	const turned = transpose(code);
	return {
		...turned,
		values: turned.values.map((x, at) => x / sizes[Math.floor(at / code.rows)]!),
	};
}

function inverse(sizes: Float64Array): Float64Array {
	return sizes.map((size) => 1 / size);
}

function sum(values: Float64Array): number {
	return values.reduce((total, x) => total + x, 0);
}
