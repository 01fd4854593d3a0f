import type { MatrixShape } from './attention-results.ts';
import type { Recording } from './run-kernel.ts';
import type { Strided } from './tensors.ts';

/** Elements of `M` held at once: 2 MB, 128 rows where there are 4,096 keys. */
export const BLOCK_ELEMENTS = 2 ** 19;

/** Some rows of `M`, all their columns, for one head or several that follow one another. */
export interface Block {
	/** Batch-major index of the first (batch, head). */
	readonly firstHead: number;
	readonly heads: number;
	readonly firstRow: number;
	readonly rows: number;
}

/** `M[t, j] = scales[t] · weights[t, j]`, so that a normaliser costs no pass over the block. */
export interface BlockTarget {
	/** `[heads, rows, S]` float32. */
	readonly weights: GPUBuffer;
	/** `[heads, rows]` float32. */
	readonly scales: GPUBuffer;
}

/** What an operator tells of its matrix so that every result can be computed from blocks of it. */
export interface BlockMatrix<Prepared> {
	readonly operator: string;
	readonly shape: MatrixShape;
	/** `[B, H / group, S, V]`, group the number of query heads that share a value head. */
	readonly v: Strided;
	readonly valueHeads: number;
	/** The key that is the token of query 0. */
	readonly queryOffset: number;
	/** Row t is zero from column `t + reach` on; S where it is not. */
	readonly reach: number;
	/** Records what all blocks of one result share. */
	prepare(recording: Recording): Prepared;
	/** Records the shaders that write the block's weights, and its scales where `scaled`. */
	record(recording: Recording, block: Block, target: BlockTarget, prepared: Prepared): void;
	/** Whether `record` writes scales; else every row's is 1. */
	readonly scaled: boolean;
	/** Records what is added to the product: the answers of an initial state. */
	recordCarry?(recording: Recording, block: Block, target: GPUBuffer, prepared: Prepared): void;
	/** Records the operator's own way to its output, where that is faster than `M·V`. */
	recordOutput?(recording: Recording, target: GPUBuffer): void;
	/** Records the operator's own way to the statistics `[B, H, T, 7]` of all rows, without blocks. */
	recordStatistics?(recording: Recording, target: GPUBuffer): void;
}

/** Walks the matrix, or a part of it, in blocks that share one buffer. */
export function forEachBlock<Prepared>(
	recording: Recording,
	matrix: BlockMatrix<Prepared>,
	use: (block: Block, written: BlockTarget, prepared: Prepared) => void,
	part: Block = {
		firstHead: 0,
		heads: matrix.shape.B * matrix.shape.H,
		firstRow: 0,
		rows: matrix.shape.T,
	},
): void {
	const { S } = matrix.shape;
	const rows = Math.min(part.rows, Math.max(1, Math.floor(BLOCK_ELEMENTS / S)));
	const heads =
		rows < part.rows
			? 1
			: Math.min(part.heads, Math.max(1, Math.floor(BLOCK_ELEMENTS / (S * rows))));
	const prepared = matrix.prepare(recording);
	const target = {
		weights: recording.scratch(heads * rows * S),
		scales: matrix.scaled
			? recording.scratch(heads * rows)
			: recording.input(new Float32Array(heads * rows).fill(1)),
	};
	for (let head = 0; head < part.heads; head += heads) {
		for (let row = 0; row < part.rows; row += rows) {
			const block = {
				firstHead: part.firstHead + head,
				heads: Math.min(heads, part.heads - head),
				firstRow: part.firstRow + row,
				rows: Math.min(rows, part.rows - row),
			};
			matrix.record(recording, block, target, prepared);
			use(block, target, prepared);
		}
	}
}
