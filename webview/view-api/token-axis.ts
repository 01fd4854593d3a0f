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
	/** Who stands on it, such as `query`. */
	readonly title: string;
	/** What is written for a token. */
	label(token: number): string;
	/** Tokens whose label is written before others, the first first; with a role for it. */
	readonly first: readonly { readonly token: number; readonly role: Role }[];
	/** Widest a label may become; a line more is taken by the title. */
	readonly room: number;
}

const TICK = 4;

/** Regular labels this far apart tell nothing of the tokens between them: they become positions. */
const FAR_APART = 6;

/** Tokens between two labels: never closer than a line, in steps that are easy to count. */
function labelStep(cell: number, lineHeight: number): number {
	const least = (lineHeight * 0.95) / cell;
	for (let unit = 1; ; unit *= 10) {
		const step = [1, 2, 5].find((times) => times * unit >= least);
		if (step) return step * unit;
	}
}

/**
 * Labels with short ticks, and the axis's title beyond them. Labels named `first` are written unless they cover each
 * other; regular ones fill the rest: words, or positions where there is no room for most words.
 */
export function tokenAxis(axis: TokenAxis, size: Size): Mark[] {
	const { from, count, cell, start, title } = axis;
	const step = labelStep(cell, size.lineHeight);
	const words = step < FAR_APART;
	const regular = Array.from({ length: count }, (_, at) => from + at)
		.filter((token) => token % step === 0)
		.map((token): TokenAxis['first'][number] => ({ token, role: 'muted' }));
	const taken: number[] = [];
	const marks = [titleMark(axis, `${title} ${words ? 'token' : 'position'}`, size)];
	for (const { token, role } of [...axis.first, ...regular]) {
		if (token < from || token >= from + count) continue;
		const place = start + (token - from + 0.5) * cell;
		if (taken.some((other) => Math.abs(other - place) < size.lineHeight * 0.95)) continue;
		taken.push(place);
		const text = words || role !== 'muted' ? axis.label(token) : String(token);
		marks.push(...labelMarks(axis, place, text, role));
	}
	return marks;
}

function titleMark(
	{ way, edge, room, start, count, cell }: TokenAxis,
	text: string,
	{ lineHeight }: Size,
): Mark {
	const middle = start + (count * cell) / 2;
	const beyond = room + lineHeight / 2;
	const place =
		way === 'down' ? { x: edge - beyond, y: middle, rotate: -90 } : { x: middle, y: edge + beyond };
	return { kind: 'text', ...place, text, fill: 'muted', size: 'small', align: 'middle' };
}

function labelMarks(axis: TokenAxis, place: number, label: string, role: Role): Mark[] {
	const { way, edge } = axis;
	const down = way === 'down';
	const text: Mark = {
		kind: 'text',
		x: down ? edge - TICK - 3 : place,
		y: down ? place : edge + TICK + 3,
		text: label,
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
