import type { RecallData } from './compute.ts';
import type { Known } from './known.ts';
import type { Asked } from './probe.ts';
import { progressOf } from './progress.ts';
import type { RecallState } from './state.ts';
import type { Cell } from './task.ts';

/** One query of the probe as a row to choose. */
export interface QueryRow {
	/** Repeats the query: pairs, length, example and pair. */
	readonly name: string;
	readonly cell: Cell;
	readonly asked: Asked;
}

/** Rows that are drawn; the export has all. */
const MOST_ROWS = 12;

export interface ShownRows {
	readonly rows: readonly QueryRow[];
	/** How many more there are. */
	readonly more: number;
}

export function rowName({ pairs, length }: Cell, { example, pair }: Asked): string {
	return `${pairs} pairs in ${length}: ${example}.${pair}`;
}

/** Queries of the cells in view, the most wrong first. */
export function shownRows(data: RecallData, state: RecallState, known: Known): ShownRows {
	const { cells } = progressOf(data, state, known);
	const inView = cells[state.cell] ? [cells[state.cell]!] : cells;
	const rows = inView
		.flatMap(({ cell, asked }) =>
			asked
				.filter(({ rank }) => rank > 0 || !state.failures)
				.map((each): QueryRow => ({ name: rowName(cell, each), cell, asked: each })),
		)
		.sort((a, b) => a.asked.margin - b.asked.margin);
	return { rows: rows.slice(0, MOST_ROWS), more: Math.max(0, rows.length - MOST_ROWS) };
}

/** The row of that name, shown or not. */
export function rowNamed(
	data: RecallData,
	state: RecallState,
	known: Known,
	name: string,
): QueryRow | undefined {
	if (name === '') return undefined;
	for (const { cell, asked } of progressOf(data, state, known).cells) {
		const found = asked.find((each) => rowName(cell, each) === name);
		if (found) return { name, cell, asked: found };
	}
	return undefined;
}

/** `k12` for a key and `v200` for a value, as the task uses tokens. */
export function tokenName(token: number, vocabulary: number): string {
	return `${token < Math.floor(vocabulary / 2) ? 'k' : 'v'}${token}`;
}
