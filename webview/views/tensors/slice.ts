/** Two axes of a tensor with the others held. */
export interface Slice {
	readonly rows: number;
	readonly columns: number;
	/** Index into the tensor of the slice's first element. */
	readonly offset: number;
}

/** How many slices of two axes a tensor of this shape has: all but the last two axes counted together. */
export function sliceCount(shape: readonly number[]): number {
	return shape.slice(0, -2).reduce((product, size) => product * size, 1);
}

/** The `which`-th slice over the last two axes; a tensor of one axis or none is one row. */
export function sliceAt(shape: readonly number[], which: number): Slice {
	const columns = shape.at(-1) ?? 1;
	const rows = shape.at(-2) ?? 1;
	return { rows, columns, offset: which * rows * columns };
}

/** Places of the held axes of the `which`-th slice, outermost first. */
export function heldPlaces(shape: readonly number[], which: number): number[] {
	const places: number[] = [];
	let rest = which;
	for (const size of shape.slice(0, -2).toReversed()) {
		places.unshift(size === 0 ? 0 : rest % size);
		rest = size === 0 ? 0 : Math.floor(rest / size);
	}
	return places;
}

/** A slice as few enough cells to draw: the value of largest magnitude of each block, NaN where it holds one. */
export interface Pooled {
	readonly rows: number;
	readonly columns: number;
	/** Elements of the slice in a cell, down and across. */
	readonly block: readonly [number, number];
	/** `[rows, columns]` */
	readonly values: Float32Array;
}

export function pooledSlice(values: Float32Array, slice: Slice, most: number): Pooled {
	const block = [
		Math.max(1, Math.ceil(slice.rows / most)),
		Math.max(1, Math.ceil(slice.columns / most)),
	] as const;
	const rows = Math.ceil(slice.rows / block[0]);
	const columns = Math.ceil(slice.columns / block[1]);
	const pooled = new Float32Array(rows * columns);
	for (let row = 0; row < slice.rows; row++) {
		const from = slice.offset + row * slice.columns;
		const to = Math.floor(row / block[0]) * columns;
		for (let column = 0; column < slice.columns; column++) {
			const at = to + Math.floor(column / block[1]);
			const value = values[from + column]!;
			// a NaN is larger than nothing and smaller than nothing: once in, it stays
			if (!(Math.abs(value) <= Math.abs(pooled[at]!))) pooled[at] = value;
			else if (Number.isNaN(value)) pooled[at] = NaN;
		}
	}
	return { rows, columns, block, values: pooled };
}
