import type { Mark, Role, Size } from './scene.ts';

/** The axis of a grid of tokens: where it stands and what is written on it. */
export interface TokenAxis {
	/** `down`: tokens from the top, written left of the grid. `across`: from the left, written under it. */
	readonly way: 'down' | 'across';
	/** The grid's edge that the labels stand at: its left x, or its bottom y. */
	readonly edge: number;
	/** Where the first token's cell begins, and the size of a cell; pixels. */
	readonly start: number;
	readonly cell: number;
	/** Index of the first token shown, and how many. */
	readonly from: number;
	readonly count: number;
	/** What is written for a token. */
	label(token: number): string;
	/** Tokens whose label is written before others, the first first; with a role for it. */
	readonly first: readonly { readonly token: number; readonly role: Role }[];
	/** Widest a label may become. */
	readonly room: number;
}

const TICK = 4;

/** Tokens between two labels: never closer than a line, in steps that are easy to count. */
function labelStep(cell: number, lineHeight: number): number {
	const least = (lineHeight * 0.95) / cell;
	for (let unit = 1; ; unit *= 10) {
		const step = [1, 2, 5].find((times) => times * unit >= least);
		if (step) return step * unit;
	}
}

/** Labels with short ticks. Those named `first` are always written, unless they cover each other; others give way. */
export function tokenAxis(axis: TokenAxis, size: Size): Mark[] {
	const { from, count, cell, start } = axis;
	const step = labelStep(cell, size.lineHeight);
	const regular = Array.from({ length: count }, (_, at) => from + at)
		.filter((token) => token % step === 0)
		.map((token): TokenAxis['first'][number] => ({ token, role: 'muted' }));
	const taken: number[] = [];
	const marks: Mark[] = [];
	for (const { token, role } of [...axis.first, ...regular]) {
		if (token < from || token >= from + count) continue;
		const place = start + (token - from + 0.5) * cell;
		if (taken.some((other) => Math.abs(other - place) < size.lineHeight * 0.95)) continue;
		taken.push(place);
		marks.push(...labelMarks(axis, place, token, role));
	}
	return marks;
}

function labelMarks(axis: TokenAxis, place: number, token: number, role: Role): Mark[] {
	const { way, edge } = axis;
	const down = way === 'down';
	const text: Mark = {
		kind: 'text',
		x: down ? edge - TICK - 3 : place,
		y: down ? place : edge + TICK + 3,
		text: axis.label(token),
		fill: role,
		align: 'end',
		size: 'small',
		code: true,
		maxWidth: axis.room - TICK - 3,
		...(role === 'muted' ? {} : { bold: true }),
		...(down ? {} : { rotate: -90 }),
	};
	const tick: Mark = {
		kind: 'line',
		points: down
			? [
					[edge - TICK, place],
					[edge - 1, place],
				]
			: [
					[place, edge + 1],
					[place, edge + TICK],
				],
		stroke: role === 'muted' ? 'faint' : role,
		width: 1,
	};
	return [tick, text];
}
