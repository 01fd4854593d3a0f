import { significant } from '../../view-api/format.ts';
import type { Mark, Size, Target } from '../../view-api/scene.ts';
import { tokenName, type QueryRow, type ShownRows } from './rows.ts';
import type { RecallState } from './state.ts';

/** A column of the list; the narrow ones come first, and what has no room is left out. */
interface Column {
	readonly title: string;
	/** Characters. */
	readonly width: number;
	text(row: QueryRow, vocabulary: number): string;
}

const columns: readonly Column[] = [
	{ title: 'key', width: 6, text: ({ asked }, V) => tokenName(asked.key, V) },
	{ title: 'right', width: 6, text: ({ asked }, V) => tokenName(asked.label, V) },
	{ title: 'said', width: 6, text: ({ asked }, V) => tokenName(asked.said, V) },
	{ title: 'rank', width: 5, text: ({ asked }) => String(asked.rank + 1) },
	{ title: 'margin', width: 8, text: ({ asked }) => significant(asked.margin) },
	{ title: 'distance', width: 9, text: ({ asked }) => String(asked.queryAt - asked.valueAt) },
	{ title: 'cell', width: 16, text: ({ cell }) => `${cell.pairs} pairs, L ${cell.length}` },
	{ title: 'example', width: 8, text: ({ asked }) => String(asked.example) },
];

/** The queries, one a row, with what was said. */
export function rowList(
	{ rows, more }: ShownRows,
	vocabulary: number,
	state: RecallState,
	top: number,
	size: Size,
): { marks: Mark[]; targets: Target[]; height: number } {
	const { characterWidth, lineHeight, width } = size;
	const row = lineHeight * 1.15;
	const starts: number[] = [];
	let at = 18;
	for (const column of columns) {
		if (at + column.width * characterWidth > width) break;
		starts.push(at);
		at += column.width * characterWidth;
	}
	const shown = columns.slice(0, starts.length);
	const text = (words: string, x: number, y: number, fill: 'text' | 'muted'): Mark => ({
		kind: 'text',
		x,
		y,
		text: words,
		fill,
		size: 'small',
	});
	const title = `${state.failures ? 'Queries that failed' : 'Queries'}, the most wrong first: choose one to see why`;
	const first = top + 2 * row;
	const marks: Mark[] = [
		{ kind: 'text', x: 0, y: top + row / 2, text: title, fill: 'text', size: 'small', bold: true, maxWidth: width }, // prettier-ignore
		...shown.map((column, i) => text(column.title, starts[i]!, top + row * 1.5, 'muted')),
		...rows.flatMap((each, i): Mark[] => {
			const y = first + (i + 0.5) * row;
			const chosen = each.name === state.chosen;
			const wrong = each.asked.rank > 0;
			return [
				...(chosen || each.name === state.pointed
					? [{ kind: 'rect', x: 0, y: y - row / 2, width, height: row, ...(chosen ? { fill: 'panel' as const } : {}), stroke: chosen ? 'focus' : 'faint', strokeWidth: 1 } as const] // prettier-ignore
					: []),
				{
					kind: 'text',
					x: 4,
					y,
					text: wrong ? '✗' : '✓',
					fill: wrong ? 'error' : 'good',
					size: 'small',
				},
				...shown.map((column, c) => text(column.text(each, vocabulary), starts[c]!, y, 'text')),
			];
		}),
	];
	const height = rows.length * row;
	const note = rows.length === 0 ? 'none so far' : more > 0 ? `and ${more.toLocaleString('en-US')} more; the export has all` : ''; // prettier-ignore
	if (note) marks.push(text(note, 18, first + height + row / 2, 'muted'));
	return {
		marks,
		targets:
			rows.length === 0
				? []
				: [
						{
							id: 'rows',
							...{ x: 0, y: first, width, height, rows: rows.length, columns: 1 },
							label: 'Queries; Enter tells why one was answered so',
						},
					],
		height: 2 * row + height + (note ? row : 0),
	};
}
