import applyBlock from './apply-block.wgsl';
import type { AttentionResults, MatrixShape, RowStatistics } from './attention-results.ts';
import { cellsOf, checkRectangle } from './check-rectangle.ts';
import difference from './difference.wgsl';
import pool from './pool.wgsl';
import { residualOf, splitStatistics, STATISTIC_FIELDS } from './result-parts.ts';
import rowStatistics from './row-statistics.wgsl';
import { runKernel, type Recording } from './run-kernel.ts';
import { checkReach, offsetOf, type Strided } from './tensors.ts';

/** Elements of `M` held at once: 2 MB, 128 rows where there are 4,096 keys. */
export const BLOCK_ELEMENTS = 2 ** 19;
const RESIDUAL_STRIP = 16;

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

/** Every result of the family, from blocks of `M` that are written, used and overwritten on the GPU. */
export function blockResults<Prepared>(
	device: GPUDevice,
	matrix: BlockMatrix<Prepared>,
): AttentionResults {
	const { operator, shape } = matrix;
	const { B, H, T, S, V } = shape;
	const outputLength = B * H * T * V;

	const recordProduct = (recording: Recording): GPUBuffer => {
		const target = recording.output(outputLength);
		forEachBlock(recording, matrix, (block, written, prepared) => {
			recordApply(recording, matrix, block, written, target);
			matrix.recordCarry?.(recording, block, target, prepared);
		});
		return target;
	};

	const pooled: AttentionResults['pyramid'] = async (rectangle, most) => {
		checkRectangle(operator, rectangle, shape);
		const { cellSize, cells } = cellsOf(operator, rectangle, most);
		const length = cells[0] * cells[1] * 3;
		const [values] = await runKernel(device, operator, (recording) => {
			const target = recording.output(length);
			const part = {
				firstHead: rectangle.batch * H + rectangle.head,
				heads: 1,
				firstRow: rectangle.rows[0],
				rows: rectangle.rows[1] - rectangle.rows[0],
			};
			forEachBlock(
				recording,
				matrix,
				(block, { weights, scales }) => {
					const firstRow = block.firstRow - rectangle.rows[0];
					const firstCell = Math.floor(firstRow / cellSize[0]);
					const down = Math.ceil((firstRow + block.rows) / cellSize[0]) - firstCell;
					recording.dispatch({
						label: `${operator}: pool`,
						shader: pool,
						whole: [
							...[block.rows, S, firstRow, rectangle.columns[0]],
							rectangle.columns[1] - rectangle.columns[0],
							...[...cellSize, firstCell, down, cells[1]],
						],
						buffers: [weights, scales, target],
						workgroups: [Math.ceil(cells[1] / 64), down],
						work: block.rows * S,
					});
				},
				part,
			);
			return [{ buffer: target, length }];
		});
		const field = (at: number) =>
			Float32Array.from({ length: length / 3 }, (_, i) => values![i * 3 + at]!);
		const width = rectangle.columns[1] - rectangle.columns[0];
		const height = rectangle.rows[1] - rectangle.rows[0];
		const mean = field(0).map((sum, i) => {
			const [down, across] = [Math.floor(i / cells[1]), i % cells[1]];
			const rows = Math.min(cellSize[0], height - down * cellSize[0]);
			return sum / (rows * Math.min(cellSize[1], width - across * cellSize[1]));
		});
		return { ...rectangle, cellSize, cells, mean, max: field(1), min: field(2) };
	};

	return {
		shape,
		backend: 'webgpu',
		async output() {
			const [values] = await runKernel(device, operator, (recording) => {
				if (!matrix.recordOutput) {
					return [{ buffer: recordProduct(recording), length: outputLength }];
				}
				const target = recording.output(outputLength);
				matrix.recordOutput(recording, target);
				return [{ buffer: target, length: outputLength }];
			});
			return values!;
		},
		async weights(rectangle) {
			checkRectangle(operator, rectangle, shape);
			const { mean } = await pooled(rectangle, {
				rows: rectangle.rows[1] - rectangle.rows[0],
				columns: rectangle.columns[1] - rectangle.columns[0],
			});
			return { ...rectangle, values: mean };
		},
		pyramid: pooled,
		async rowStatistics(): Promise<RowStatistics> {
			const length = B * H * T * STATISTIC_FIELDS;
			const [values] = await runKernel(device, operator, (recording) => {
				const target = recording.output(length);
				if (matrix.recordStatistics) {
					matrix.recordStatistics(recording, target);
					return [{ buffer: target, length }];
				}
				forEachBlock(recording, matrix, (block, { weights, scales }) => {
					recording.dispatch({
						label: `${operator}: row statistics`,
						shader: rowStatistics,
						whole: [
							...[block.heads, block.rows, S, block.firstRow, block.firstHead],
							...[T, matrix.queryOffset, matrix.reach],
						],
						buffers: [weights, scales, target],
						workgroups: [Math.ceil(block.rows / 4), block.heads],
						work: block.heads * block.rows * S * 8,
					});
				});
				return [{ buffer: target, length }];
			});
			return splitStatistics(values!);
		},
		async residual(given) {
			checkReach(operator, 'the given output', given, [B, H, T, V]);
			const strips = Math.ceil(T / RESIDUAL_STRIP);
			const length = B * H * strips * 2;
			const [sums] = await runKernel(device, operator, (recording) => {
				const product = recordProduct(recording);
				const target = recording.output(length);
				recording.dispatch({
					label: `${operator}: residual`,
					shader: difference,
					whole: [...given.strides, ...[offsetOf(given), B * H, H, T, V, RESIDUAL_STRIP, strips]],
					buffers: [product, recording.input(given.data), target],
					workgroups: [Math.ceil(strips / 64), B * H],
				});
				return [{ buffer: target, length }];
			});
			return residualOf(B * H, (head) =>
				sums!.subarray(head * strips * 2, (head + 1) * strips * 2),
			);
		},
	};
}

/** Walks the matrix, or a part of it, in blocks that share one buffer. */
function forEachBlock<Prepared>(
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

function recordApply<Prepared>(
	recording: Recording,
	{ operator, shape, v, valueHeads, reach }: BlockMatrix<Prepared>,
	block: Block,
	{ weights, scales }: BlockTarget,
	target: GPUBuffer,
): void {
	const { H, T, S, V } = shape;
	recording.dispatch({
		label: `${operator}: apply`,
		shader: applyBlock,
		whole: [
			...v.strides,
			...[offsetOf(v), block.rows, S, block.firstRow, block.firstHead],
			...[H, H / valueHeads, T, V, reach],
		],
		buffers: [weights, scales, recording.input(v.data), target],
		workgroups: [Math.ceil(V / 32), Math.ceil(block.rows / 64), block.heads],
		work: block.heads * block.rows * Math.min(S, block.firstRow + block.rows + reach) * V,
	});
}
