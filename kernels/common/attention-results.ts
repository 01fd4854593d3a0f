import type { Step } from './parts.ts';
import type { Strided } from './tensors.ts';

/** A half-open range `[from, to)`. */
export type Range = readonly [from: number, to: number];

/** A part of the matrix `M` of one head. Rows are queries, columns are keys. */
export interface Rectangle {
	readonly batch: number;
	readonly head: number;
	readonly rows: Range;
	readonly columns: Range;
}

/** Sizes in elements: B sequences, H heads, T queries, S keys, V per value. */
export interface MatrixShape {
	readonly B: number;
	readonly H: number;
	readonly T: number;
	readonly S: number;
	readonly V: number;
}

export interface WeightTile extends Rectangle {
	/** `[rows, columns]`, row-major. */
	readonly values: Float32Array;
}

/** A rectangle pooled into cells of equal size; the last row and column of cells may cover less. */
export interface WeightPyramid extends Rectangle {
	/** Rows and columns of `M` under one cell. */
	readonly cellSize: readonly [rows: number, columns: number];
	/** Number of cells down and across. */
	readonly cells: readonly [rows: number, columns: number];
	/** `[cells down, cells across]`, row-major, like `max` and `min`. */
	readonly mean: Float32Array;
	readonly max: Float32Array;
	readonly min: Float32Array;
}

/**
 * One number for each row of `M`, laid out `[B, H, T]`. Shares are of `Σ_j |M[t, j]|`, so that signed
 * matrices have them too; a row that sees nothing has mass 0 and every other statistic 0.
 */
export interface RowStatistics {
	/** `−Σ_j p_j ln p_j` in nats, with `p_j = |M[t, j]| / mass`. */
	readonly entropy: Float32Array;
	/** The entry of largest magnitude, with its sign. */
	readonly largest: Float32Array;
	/** The column of that entry; the first, where several are equal. */
	readonly largestAt: Uint32Array;
	/** Share on the query's own token, 0 where the keys do not hold it. */
	readonly self: Float32Array;
	/** Mean `|t − j|` in tokens. */
	readonly distance: Float32Array;
	/** Share of the entries below zero. */
	readonly negative: Float32Array;
	/** `Σ_j |M[t, j]|`. */
	readonly mass: Float32Array;
}

/** `‖M·V − O‖ / ‖O‖` (Frobenius norms) against a given output O. 0 for equal, NaN where O holds a NaN. */
export interface Residual {
	readonly overall: number;
	/** `[B, H]`. */
	readonly heads: Float64Array;
}

/** What every form of attention answers, by the same names. */
export interface AttentionResults {
	readonly shape: MatrixShape;
	/** Where the answers are computed. `reference` is float64 on the CPU. */
	readonly backend: 'webgpu' | 'reference';
	/** The operator's output, `[B, H, T, V]`. */
	output(): Promise<Float32Array>;
	/** Any rectangle of the exact effective matrix `M`, `M·V = output`. */
	weights(rectangle: Rectangle): Promise<WeightTile>;
	/**
	 * A rectangle pooled to at most `most` cells a side.
	 * Never holds more than a few rows of `M`.
	 */
	pyramid(rectangle: Rectangle, most: PyramidSize): Promise<WeightPyramid>;
	/** Statistics of every row, in memory that grows with T, not with T·S. */
	rowStatistics(): Promise<RowStatistics>;
	/** How far `M·V` lies from an output that something else computed. */
	residual(given: Strided): Promise<Residual>;
	/**
	 * `residual`, `rowStatistics` and the `pyramid` of every whole head of one sequence, in one pass over `M` where
	 * they would take three.
	 * @param step called before every few heads with how many are done
	 */
	overview(request: OverviewRequest, step?: Step): Promise<Overview>;
}

export interface OverviewRequest {
	/** `[B, H, T, V]`, what `residual` is held against. */
	readonly given: Strided;
	/** The sequence whose heads are pooled. */
	readonly batch: number;
	/** Cells of each head's pyramid. */
	readonly most: PyramidSize;
}

export interface Overview {
	readonly residual: Residual;
	readonly statistics: RowStatistics;
	/** One a head. */
	readonly pyramids: readonly WeightPyramid[];
}

/** The largest number of cells down and across. */
export interface PyramidSize {
	readonly rows: number;
	readonly columns: number;
}
