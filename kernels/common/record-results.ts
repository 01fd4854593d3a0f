import applyBlock from './apply-block.wgsl';
import type { Rectangle, WeightPyramid } from './attention-results.ts';
import type { Block, BlockMatrix, BlockTarget } from './blocks.ts';
import difference from './difference.wgsl';
import pool from './pool.wgsl';
import rowStatistics from './row-statistics.wgsl';
import type { Output, Recording } from './run-kernel.ts';
import { offsetOf, type Strided } from './tensors.ts';

const RESIDUAL_STRIP = 16;

/** The parts of a matrix that what is done with its blocks reads. */
type Applied = Pick<
	BlockMatrix<unknown>,
	'operator' | 'shape' | 'v' | 'valueHeads' | 'queryOffset' | 'reach'
>;

/** Records `M·V` of a block. @param target `[B, H, T, V]` */
export function recordApply(
	recording: Recording,
	{ operator, shape, v, valueHeads, reach }: Applied,
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

/** Records the statistics of a block's rows. @param target `[heads from firstHead on, T, 7]` */
export function recordRowStatistics(
	recording: Recording,
	{ operator, shape, queryOffset, reach }: Applied,
	block: Block,
	{ weights, scales }: BlockTarget,
	target: GPUBuffer,
	firstHead = 0,
): void {
	const { T, S } = shape;
	recording.dispatch({
		label: `${operator}: row statistics`,
		shader: rowStatistics,
		whole: [
			...[block.heads, block.rows, S, block.firstRow, block.firstHead - firstHead],
			...[T, queryOffset, reach],
		],
		buffers: [weights, scales, target],
		workgroups: [Math.ceil(block.rows / 4), block.heads],
		work: block.heads * block.rows * S * 8,
	});
}

/** A rectangle in cells, of one head or of several that follow it. */
export interface Cells extends Rectangle {
	readonly cellSize: readonly [number, number];
	readonly cells: readonly [number, number];
}

/** Numbers of one head's cells: sum, largest and smallest of each. */
export const lengthOfCells = ({ cells }: Cells): number => cells[0] * cells[1] * 3;

/**
 * Records what the cells of `heads` heads gain from a block, from its head `head` on.
 * @param target `[heads, cells down, cells across, 3]`; the first of these heads goes to `at`
 */
export function recordPool(
	recording: Recording,
	{ operator, shape }: Applied,
	block: Block,
	{ weights, scales }: BlockTarget,
	target: GPUBuffer,
	cells: Cells,
	{ head, heads, at }: { readonly head: number; readonly heads: number; readonly at: number },
): void {
	const { rows, columns, cellSize } = cells;
	const firstRow = block.firstRow - rows[0];
	const firstCell = Math.floor(firstRow / cellSize[0]);
	const down = Math.ceil((firstRow + block.rows) / cellSize[0]) - firstCell;
	recording.dispatch({
		label: `${operator}: pool`,
		shader: pool,
		whole: [
			...[block.rows, shape.S, firstRow, columns[0], columns[1] - columns[0]],
			...[...cellSize, firstCell, down, cells.cells[1], cells.cells[0], head, at],
		],
		buffers: [weights, scales, target],
		workgroups: [Math.ceil(cells.cells[1] / 64), down, heads],
		work: heads * block.rows * shape.S,
	});
}

/** The pyramid from what `recordPool` left of one head. */
export function pyramidOf(values: Float32Array, cells: Cells): WeightPyramid {
	const [down, across] = cells.cells;
	const field = (at: number) =>
		Float32Array.from({ length: down * across }, (_, i) => values[i * 3 + at]!);
	const width = cells.columns[1] - cells.columns[0];
	const height = cells.rows[1] - cells.rows[0];
	const mean = field(0).map((sum, i) => {
		const top = Math.floor(i / across) * cells.cellSize[0];
		const left = (i % across) * cells.cellSize[1];
		const rows = Math.min(cells.cellSize[0], height - top);
		return sum / (rows * Math.min(cells.cellSize[1], width - left));
	});
	return { ...cells, mean, max: field(1), min: field(2) };
}

/**
 * Records `‖product − given‖²` and `‖given‖²` of some heads.
 * @returns `[heads, strips, 2]`
 */
export function recordResidual(
	recording: Recording,
	{ operator, shape }: Applied,
	product: GPUBuffer,
	given: Strided,
	{ firstHead, heads }: { readonly firstHead: number; readonly heads: number },
): Output {
	const { H, T, V } = shape;
	const strips = Math.ceil(T / RESIDUAL_STRIP);
	const length = heads * strips * 2;
	const buffer = recording.output(length);
	recording.dispatch({
		label: `${operator}: residual`,
		shader: difference,
		whole: [
			...given.strides,
			...[offsetOf(given), firstHead, heads, H, T, V, RESIDUAL_STRIP, strips],
		],
		buffers: [product, recording.input(given.data), buffer],
		workgroups: [Math.ceil(strips / 64), heads],
	});
	return { buffer, length };
}
