import type { MatrixShape, PyramidSize, Range, Rectangle } from './attention-results.ts';
import { KernelError } from './kernel-error.ts';

/** @throws KernelError `shape` when the rectangle is empty or leaves the matrix. */
export function checkRectangle(operator: string, rectangle: Rectangle, shape: MatrixShape): void {
	const { batch, head, rows, columns } = rectangle;
	checkIndex(operator, 'batch', batch, shape.B);
	checkIndex(operator, 'head', head, shape.H);
	checkRange(operator, 'rows', rows, shape.T);
	checkRange(operator, 'columns', columns, shape.S);
}

/** @throws KernelError `shape` when there is no such head. */
export function checkHead(operator: string, shape: MatrixShape, batch: number, head: number): void {
	checkIndex(operator, 'batch', batch, shape.B);
	checkIndex(operator, 'head', head, shape.H);
}

/** @throws KernelError `shape` when a time is not one of `count`. */
export function checkToken(operator: string, name: string, token: number, count: number): void {
	checkIndex(operator, name, token, count);
}

/** How large a cell must be so that at most `most` of them cover the rectangle. */
export function cellsOf(
	operator: string,
	{ rows, columns }: Rectangle,
	most: PyramidSize,
): { cellSize: readonly [number, number]; cells: readonly [number, number] } {
	for (const side of ['rows', 'columns'] as const) {
		if (!(Number.isInteger(most[side]) && most[side] > 0)) {
			throw new KernelError(
				'shape',
				`${operator}: a pyramid needs at least one cell of ${side}, got ${most[side]}`,
			);
		}
	}
	const height = Math.ceil((rows[1] - rows[0]) / most.rows);
	const width = Math.ceil((columns[1] - columns[0]) / most.columns);
	return {
		cellSize: [height, width],
		cells: [Math.ceil((rows[1] - rows[0]) / height), Math.ceil((columns[1] - columns[0]) / width)],
	};
}

function checkIndex(operator: string, name: string, index: number, size: number): void {
	if (Number.isInteger(index) && index >= 0 && index < size) return;
	throw new KernelError('shape', `${operator}: ${name} goes from 0 to ${size - 1}, got ${index}`);
}

function checkRange(operator: string, name: string, [from, to]: Range, size: number): void {
	if (Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= size)
		return;
	throw new KernelError(
		'shape',
		`${operator}: ${name} must be a part of [0, ${size}) that is not empty, got [${from}, ${to})`,
	);
}
