import { mayHavePattern, patternOf, rowsToRead } from './constant-pattern.ts';
import type { FieldWalk } from './fields.ts';
import { INLINE_ELEMENTS, MAX_PATTERN_BYTES, MAX_ROW_BYTES, MAX_WHOLE_BYTES } from './limits.ts';
import type { ConstantPattern } from './model-index.ts';
import { BEGINNING, type NumberSource } from './number-source.ts';

/**
 * What a matrix that is too large to be kept holds, where that is a mask's pattern. Weights are told by the beginning of
 * their first row; of the others some rows are read.
 */
export async function readPattern(
	walk: FieldWalk,
	dims: readonly number[],
	source: NumberSource,
): Promise<ConstantPattern | null> {
	const count = dims.reduce((product, size) => product * size, 1);
	if (dims.length < 1 || count <= INLINE_ELEMENTS) return null;
	const columns = dims.at(-1)!;
	const rows = count / columns;
	if (columns < 2 || columns * source.bytes > MAX_ROW_BYTES) return null;
	const beginning = await source.read(0, Math.min(columns, BEGINNING));
	if (!beginning) return null;
	if (rows === 1) return (await counts(columns, beginning, source)) ? { kind: 'count' } : null;
	if (!mayHavePattern(beginning)) return null;
	// matrices one under the other have no band of their own
	const wanted = rowsToRead(rows);
	if (!affords(walk, source.cost(wanted.length * columns))) return null;
	const read = new Map<number, readonly number[]>();
	for (const row of wanted) {
		const numbers = await source.read(row * columns, columns);
		if (!numbers) return null;
		read.set(row, numbers);
	}
	const pattern = patternOf(read, columns);
	if (pattern?.kind === 'fill') return (await isFilled(walk, count, source)) ? pattern : null;
	return dims.slice(0, -2).every((size) => size === 1) ? pattern : null;
}

function affords(walk: FieldWalk, bytes: number): boolean {
	if (walk.patternBytes + bytes > MAX_PATTERN_BYTES) return false;
	walk.patternBytes += bytes;
	return true;
}

async function counts(
	count: number,
	beginning: readonly number[],
	source: NumberSource,
): Promise<boolean> {
	const isPlace = (x: number, i: number) => x === i;
	if (!beginning.every(isPlace)) return false;
	return (await source.read(0, count))?.every(isPlace) === true;
}

/** Rows that are alike say nothing of those between them. */
async function isFilled(walk: FieldWalk, count: number, source: NumberSource): Promise<boolean> {
	const bytes = source.cost(count);
	if (bytes > MAX_WHOLE_BYTES || !affords(walk, bytes)) return false;
	const all = await source.read(0, count);
	return all?.every((x) => x === all[0]) === true;
}
