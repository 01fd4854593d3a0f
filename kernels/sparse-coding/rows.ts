import { KernelError } from '../common/kernel-error.ts';

/** Vectors, one a row: `[count, width]`. */
export interface Rows {
	readonly count: number;
	readonly width: number;
	readonly values: Float64Array;
}

export const operator = 'sparse-coding';

export function refuse(problem: string): never {
	throw new KernelError('shape', `${operator}: ${problem}`);
}

/** @throws KernelError `shape` naming what does not fit */
export function checkRows(name: string, { count, width, values }: Rows): void {
	if (!(Number.isInteger(count) && count > 0 && Number.isInteger(width) && width > 0)) {
		refuse(`${name} needs rows and columns, got ${count} × ${width}`);
	}
	if (values.length !== count * width) {
		refuse(`${name} of ${count} × ${width} needs ${count * width} numbers, got ${values.length}`);
	}
	const odd = values.findIndex((x) => !Number.isFinite(x));
	if (odd >= 0) refuse(`${name} has ${values[odd]!} in row ${Math.floor(odd / width)}`);
}

export function rowOf({ width, values }: Rows, at: number): Float64Array {
	return values.subarray(at * width, (at + 1) * width);
}

export function dot(a: Float64Array, b: Float64Array): number {
	let sum = 0;
	for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
	return sum;
}

/** Each row over its length; a row of zeros stays one. */
export function unitRows(rows: Rows): Rows {
	const values = rows.values.slice();
	for (let at = 0; at < rows.count; at++) {
		const row = values.subarray(at * rows.width, (at + 1) * rows.width);
		const size = Math.sqrt(dot(row, row));
		if (size > 0) for (let i = 0; i < row.length; i++) row[i]! /= size;
	}
	return { ...rows, values };
}

/** Rows less their mean. */
export function centred(rows: Rows): { readonly rows: Rows; readonly mean: Float64Array } {
	const { count, width, values } = rows;
	const mean = new Float64Array(width);
	values.forEach((x, at) => (mean[at % width]! += x / count));
	return { rows: { ...rows, values: values.map((x, at) => x - mean[at % width]!) }, mean };
}
