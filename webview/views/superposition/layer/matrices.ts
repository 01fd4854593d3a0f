import { seeded } from '../../../../kernels/common/seeded.ts';
import {
	correlation,
	recoverComputation,
	recoveryError,
	singularValues,
	transpose,
	type Matrix,
	type RecoveryError,
} from '../../../../kernels/superposed-layer/superposed-layer.ts';
import type { ViewContext } from '../../../view-api/view.ts';
import { compressionOf, computationMatrix, decompressionScale, type Code } from './code.ts';

/** Entries a side of the corners that are drawn. */
export const CORNER = 64;

/** Rows of W that are recovered: all of a small network's, a sample of a large one's. */
const RECOVERED_ROWS = 256;
const SEED = 11;

/** A matrix as far as it is drawn, with what is counted over all of it. */
export interface MatrixSummary {
	readonly name: string;
	readonly rows: number;
	readonly columns: number;
	/** Its top left `[min(rows, 64), min(columns, 64)]`. */
	readonly corner: Float32Array;
	/** Share of entries that are not zero. */
	readonly density: number;
	/** Root of the mean square of the entries. */
	readonly rms: number;
	readonly largest: number;
}

export interface Matrices {
	readonly kind: 'matrices';
	/** W, then R and D where they are known. */
	readonly shown: readonly MatrixSummary[];
	/** What W gives back of R by the code alone; of the drawn corner. */
	readonly recovered: readonly MatrixSummary[];
	/** Over which rows the figures below are. */
	readonly rows: number;
	/** Of `W C` and of the rescaled pseudoinverse, against R; null without R. */
	readonly errors: readonly [byCode: RecoveryError, byPseudoinverse: RecoveryError] | null;
	readonly correlations: readonly [byCode: number, byPseudoinverse: number] | null;
	readonly twin: Twin;
}

/** Whether columns of `W C` of two features that form a pair are alike, as those of an R are; and of two at random. */
export interface Twin {
	readonly pairs: number;
	readonly pairCosine: number;
	readonly othersCosine: number;
	/** Standard deviation of the cosine of two random columns: what chance allows for. */
	readonly spread: number;
	/** Excess kurtosis of the entries of `W C`: near 0 for noise, large for a sparse R. */
	readonly kurtosis: number;
	/** The same two cosines after the features were shuffled: at chance. */
	readonly shuffledCosine: number;
}

/** W of a layer as the model uses it, `[n, n]`, rows for neurons. */
export async function weightOf(context: ViewContext, code: Code, layer: number): Promise<Matrix> {
	const { linear } = code.layers[layer]!;
	const run = await context.again({ taps: [linear.weight] });
	try {
		const values = Float64Array.from(await (await run.tensor(linear.weight)).read());
		const { outputs, inputs } = linear;
		return linear.transposed
			? { rows: outputs, columns: inputs, values }
			: transpose({ rows: inputs, columns: outputs, values });
	} finally {
		run.release();
	}
}

export async function matricesOf(
	context: ViewContext,
	code: Code,
	layer: number,
): Promise<Matrices> {
	context.progress('Decompressing the weights');
	const weights = await weightOf(context, code, layer);
	const compression = compressionOf(code, layer);
	const computation = computationMatrix(code, layer);
	const scale = decompressionScale(code, layer);
	const decompression = scaled(transpose(compression), scale);
	const rows = rowSample(weights.rows);
	const { byCode, byPseudoinverse } = recoverComputation(rowsOf(weights, rows), compression);
	const truth = computation && rowsOf(computation, rows);
	return {
		kind: 'matrices',
		shown: [
			summaryOf('W', weights),
			...(computation ? [summaryOf('R', computation), summaryOf('D', decompression)] : []),
		],
		recovered: [summaryOf('W·C', byCode), summaryOf('W·C⁺ rescaled', byPseudoinverse)],
		rows: rows.length,
		errors: truth ? [recoveryError(byCode, truth), recoveryError(byPseudoinverse, truth)] : null,
		correlations: truth ? [correlation(byCode, truth), correlation(byPseudoinverse, truth)] : null,
		twin: twinOf(byCode, code, layer),
	};
}

/** Singular values of one of the matrices, largest first. */
export async function spectrumOf(
	context: ViewContext,
	code: Code,
	layer: number,
	which: 'W' | 'R' | 'D',
): Promise<Float64Array> {
	context.progress(`Singular values of ${which}`);
	if (which === 'W') return singularValues(await weightOf(context, code, layer));
	if (which === 'R') return singularValues(computationMatrix(code, layer)!);
	return singularValues(compressionOf(code, layer)).map((x) => x * decompressionScale(code, layer));
}

const range = (count: number, most: number) =>
	Array.from({ length: Math.min(count, most) }, (_, i) => i);

/** The drawn ones first. */
function rowSample(rows: number): number[] {
	if (rows <= RECOVERED_ROWS) return range(rows, rows);
	const random = seeded(SEED);
	const chosen = new Set(range(CORNER, rows));
	while (chosen.size < RECOVERED_ROWS) chosen.add(Math.floor(random() * rows));
	return [...chosen];
}

function rowsOf({ columns, values }: Matrix, rows: readonly number[]): Matrix {
	const chosen = new Float64Array(rows.length * columns);
	rows.forEach((row, at) =>
		chosen.set(values.subarray(row * columns, (row + 1) * columns), at * columns),
	);
	return { rows: rows.length, columns, values: chosen };
}

function scaled(matrix: Matrix, by: number): Matrix {
	return { ...matrix, values: matrix.values.map((value) => value * by) };
}

function summaryOf(name: string, { rows, columns, values }: Matrix): MatrixSummary {
	const [down, across] = [Math.min(CORNER, rows), Math.min(CORNER, columns)];
	const corner = Float32Array.from(
		{ length: down * across },
		(_, at) => values[Math.floor(at / across) * columns + (at % across)]!,
	);
	let [ones, squares, largest] = [0, 0, 0];
	for (const value of values) {
		if (value !== 0) ones++;
		squares += value * value;
		if (Math.abs(value) > largest) largest = Math.abs(value);
	}
	const count = values.length;
	return { name, rows, columns, corner, density: ones / count, rms: Math.sqrt(squares / count), largest }; // prettier-ignore
}

function twinOf({ rows, columns, values }: Matrix, code: Code, layer: number): Twin {
	const { pairs, outputs } = code.layers[layer]!;
	const column = (f: number) =>
		Float64Array.from({ length: rows }, (_, i) => values[i * columns + f]!);
	const units = Array.from({ length: columns }, (_, f) => unit(column(f)));
	const cosine = (a: number, b: number) =>
		units[a]!.reduce((sum, value, i) => sum + value * units[b]![i]!, 0);
	const random = seeded(SEED);
	const drawn = () => Math.floor(random() * columns);
	const others = Array.from({ length: 2 * outputs }, () => {
		const a = drawn();
		const b = drawn();
		return a === b ? cosine(a, (b + 1) % columns) : cosine(a, b);
	});
	const own = Array.from({ length: outputs }, (_, p) => cosine(pairs[p * 2]!, pairs[p * 2 + 1]!));
	const order = Array.from({ length: columns }, (_, f) => f);
	for (let i = columns - 1; i > 0; i--) {
		const j = Math.floor(random() * (i + 1));
		[order[i], order[j]] = [order[j]!, order[i]!];
	}
	const shuffled = Array.from({ length: outputs }, (_, p) =>
		cosine(order[pairs[p * 2]!]!, order[pairs[p * 2 + 1]!]!),
	);
	const othersCosine = meanOf(others);
	const spread = Math.sqrt(meanOf(others.map((x) => (x - othersCosine) ** 2)));
	return {
		pairs: outputs,
		pairCosine: meanOf(own),
		othersCosine,
		spread,
		kurtosis: kurtosisOf(values),
		shuffledCosine: meanOf(shuffled),
	};
}

const meanOf = (values: readonly number[]) =>
	values.reduce((sum, value) => sum + value, 0) / values.length;

function unit(vector: Float64Array): Float64Array {
	const size = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) || 1;
	return vector.map((value) => value / size);
}

function kurtosisOf(values: Float64Array): number {
	let [sum, squares, fourth] = [0, 0, 0];
	for (const value of values) sum += value;
	const mean = sum / values.length;
	for (const value of values) {
		const square = (value - mean) ** 2;
		squares += square;
		fourth += square * square;
	}
	return fourth / values.length / (squares / values.length) ** 2 - 3;
}
