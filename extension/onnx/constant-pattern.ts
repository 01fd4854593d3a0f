import type { ConstantPattern } from './model-index.ts';

/** Rows that tell a band from anything else: the first two, some in the middle, the last. */
export function rowsToRead(rows: number): number[] {
	const chosen = [0, 1, Math.floor(rows / 4), Math.floor(rows / 2), Math.floor((3 * rows) / 4), rows - 1]; // prettier-ignore
	return [...new Set(chosen)].filter((row) => row >= 0 && row < rows);
}

/** Whether a matrix may have a pattern, by the beginning of its first row: in weights the numbers differ. */
export function mayHavePattern(beginning: readonly number[]): boolean {
	return beginning.length > 2 && beginning.slice(1).every((x) => Object.is(x, beginning[1]));
}

/**
 * What a matrix holds, by some of its rows: one number everywhere, or one number within a band along the diagonal and
 * another around it; null for anything else.
 *
 * @param rows their values by their place, each of `columns` numbers
 */
export function patternOf(
	rows: ReadonlyMap<number, readonly number[]>,
	columns: number,
): ConstantPattern | null {
	const read = [...rows];
	const [first] = read;
	const number = first?.[1][0];
	if (number === undefined) return null;
	if (read.every(([, row]) => row.every((x) => x === number)))
		return { kind: 'fill', value: number };
	return bandOf(read, columns);
}

/** In row `t` the columns from `t + low` to `t + high` hold the one number, those around the other. */
function bandOf(
	rows: readonly (readonly [number, readonly number[]])[],
	columns: number,
): ConstantPattern | null {
	const [last, lastRow] = rows.at(-1)!;
	const [, firstRow] = rows[0]!;
	const outside = firstRow[columns - 1]!;
	const start = lastRow.findIndex((x) => x !== outside);
	if (start < 0) return null;
	const inside = lastRow[start]!;
	const seen = firstRow.findIndex((x) => x !== inside);
	// a band that lies below the diagonal ends in the last row alone
	const high = seen > 0 ? seen - 1 : lastRow.indexOf(outside, start) - 1 - last;
	if (seen < 0 || high < -last) return null;
	const low = start === 0 ? null : start - last;
	const holds = rows.every(([t, row]) =>
		row.every((x, s) => x === (s <= t + high && (low === null || s >= t + low) ? inside : outside)),
	);
	// one row of those read is not enough to tell a band from it
	const crossed = rows.filter(([, row]) => row.includes(inside) && row.includes(outside)).length;
	if (crossed < 2 && rows.length <= last) return null;
	return holds ? { kind: 'band', inside, outside, high, low } : null;
}
