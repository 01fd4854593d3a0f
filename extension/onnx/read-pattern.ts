import { mayHavePattern, patternOf, rowsToRead } from './constant-pattern.ts';
import type { FieldWalk } from './fields.ts';
import { INLINE_ELEMENTS, MAX_PATTERN_BYTES, MAX_ROW_BYTES, MAX_WHOLE_BYTES } from './limits.ts';
import type { ByteRange, ConstantPattern } from './model-index.ts';
import { rawReader, type RawReader } from './tensor-values.ts';

/** Of the first row: enough to pass over weights, few enough to be in memory with the tensor's header. */
const BEGINNING = 32;

/**
 * What a matrix that is too large to be kept holds, where that is a mask's pattern. Weights are told by the beginning of
 * their first row; of the others some rows are read.
 */
export async function readPattern(
	walk: FieldWalk,
	dtype: string,
	dims: readonly number[],
	data: ByteRange,
): Promise<ConstantPattern | null> {
	const reader = rawReader(dtype);
	const count = dims.reduce((product, size) => product * size, 1);
	if (!reader || dims.length < 1 || count <= INLINE_ELEMENTS) return null;
	const columns = dims.at(-1)!;
	const rows = count / columns;
	const rowBytes = columns * reader.bytes;
	if (data.length !== count * reader.bytes || columns < 2 || rowBytes > MAX_ROW_BYTES) return null;
	const beginning = await numbers(walk, data.offset, Math.min(columns, BEGINNING), reader);
	if (rows === 1) return (await counts(walk, data.offset, columns, beginning, reader)) ? { kind: 'count' } : null; // prettier-ignore
	if (!mayHavePattern(beginning)) return null;
	// matrices one under the other have no band of their own
	const wanted = rowsToRead(rows);
	if (walk.patternBytes + wanted.length * rowBytes > MAX_PATTERN_BYTES) return null;
	walk.patternBytes += wanted.length * rowBytes;
	const read = new Map<number, readonly number[]>();
	for (const row of wanted)
		read.set(row, await numbers(walk, data.offset + row * rowBytes, columns, reader));
	const pattern = patternOf(read, columns);
	if (pattern?.kind === 'fill') return (await isFilled(walk, data, count, reader)) ? pattern : null;
	return dims.slice(0, -2).every((size) => size === 1) ? pattern : null;
}

async function counts(
	walk: FieldWalk,
	offset: number,
	count: number,
	beginning: readonly number[],
	reader: RawReader,
): Promise<boolean> {
	const isPlace = (x: number, i: number) => x === i;
	return beginning.every(isPlace) && (await numbers(walk, offset, count, reader)).every(isPlace);
}

/** Rows that are alike say nothing of those between them. */
async function isFilled(
	walk: FieldWalk,
	data: ByteRange,
	count: number,
	reader: RawReader,
): Promise<boolean> {
	if (data.length > MAX_WHOLE_BYTES || walk.patternBytes + data.length > MAX_PATTERN_BYTES)
		return false;
	walk.patternBytes += data.length;
	const all = await numbers(walk, data.offset, count, reader);
	return all.every((x) => x === all[0]);
}

async function numbers(
	walk: FieldWalk,
	offset: number,
	count: number,
	reader: RawReader,
): Promise<number[]> {
	const length = count * reader.bytes;
	await walk.window.load(offset, length);
	const bytes = walk.window.view(offset, length);
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	return Array.from({ length: count }, (_, i) => reader.read(view, i));
}
