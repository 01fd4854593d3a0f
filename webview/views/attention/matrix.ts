import type { Mark, Role, Target } from '../../view-api/scene.ts';
import { tokenAxis } from '../../view-api/token-axis.ts';
import { keyName, queryName } from './names.ts';
import { greyed } from './remarks.ts';
import { expectedQueries, ofHead } from './sequence.ts';
import { weightImage } from './shade.ts';
import type { Shown } from './shown.ts';

/** Smallest outline of the cell under the cursor, pixels. */
const LEAST_OUTLINE = 7;

/** The large head: query by key, tokens on both axes, the cursor's row, column and cell marked. */
export function headMatrix(shown: Shown): { marks: Mark[]; target: Target } {
	const { geometry, weights, window, state } = shown;
	const { matrix } = geometry;
	const marks: Mark[] = [];
	if (weights) marks.push(weightImage(weights, shown, state.head, matrix));
	else marks.push(waiting(shown));
	marks.push(...greyed(shown.measured, state.batch, window.rows, matrix));
	marks.push({ kind: 'rect', ...matrix, stroke: 'faint', strokeWidth: 1 });
	marks.push(...cursorMarks(shown), ...axisMarks(shown));
	const [rows, columns] = [window.rows, window.columns];
	return {
		marks,
		target: {
			id: 'matrix',
			...matrix,
			label: `Attention weights of head ${state.head}, queries ${rows[0]} to ${rows[1] - 1} by keys ${columns[0]} to ${columns[1] - 1}`,
			rows: rows[1] - rows[0],
			columns: columns[1] - columns[0],
		},
	};
}

function waiting({ geometry: { matrix } }: Shown): Mark {
	return {
		kind: 'text',
		x: matrix.x + matrix.width / 2,
		y: matrix.y + matrix.height / 2,
		text: 'Computing these weights…',
		fill: 'muted',
		align: 'middle',
		maxWidth: matrix.width,
	};
}

/** Size of one token's cell in pixels. */
function cellSize({ geometry: { matrix }, window }: Shown): { width: number; height: number } {
	return {
		width: matrix.width / (window.columns[1] - window.columns[0]),
		height: matrix.height / (window.rows[1] - window.rows[0]),
	};
}

function cursorMarks(shown: Shown): Mark[] {
	const { geometry, window, state } = shown;
	const { matrix, profile } = geometry;
	const cell = cellSize(shown);
	const row = state.query - window.rows[0];
	const column = state.key - window.columns[0];
	const seen = {
		row: row >= 0 && state.query < window.rows[1],
		column: column >= 0 && state.key < window.columns[1],
	};
	const y = matrix.y + row * cell.height;
	const x = matrix.x + column * cell.width;
	const stroke: Role = 'focus';
	const marks: Mark[] = [];
	const line = { kind: 'line', stroke, width: 1, opacity: 0.75 } as const;
	if (seen.row) {
		for (const edge of cell.height > 4 ? [y, y + cell.height] : [y + cell.height / 2]) {
			marks.push({ ...line, points: [[matrix.x, edge], [matrix.x + matrix.width, edge]] }); // prettier-ignore
		}
	}
	if (seen.column) {
		for (const edge of cell.width > 4 ? [x, x + cell.width] : [x + cell.width / 2]) {
			marks.push({ ...line, points: [[edge, matrix.y], [edge, profile.y + profile.height]] }); // prettier-ignore
		}
	}
	if (seen.row && seen.column) {
		const width = Math.max(LEAST_OUTLINE, cell.width);
		const height = Math.max(LEAST_OUTLINE, cell.height);
		marks.push({
			kind: 'rect',
			x: x + (cell.width - width) / 2,
			y: y + (cell.height - height) / 2,
			width,
			height,
			stroke,
			strokeWidth: 2,
		});
	}
	return marks;
}

function axisMarks(shown: Shown): Mark[] {
	const { geometry, window, state, size } = shown;
	const { matrix, profile, labels } = geometry;
	const cell = cellSize(shown);
	const bottom = profile.y + profile.height;
	const expected = expectedQueries(shown.data, shown.measured, state.batch);
	const cursor: Role = 'accent';
	return [
		...tokenAxis(
			{
				way: 'down',
				title: 'query',
				edge: matrix.x,
				start: matrix.y,
				cell: cell.height,
				from: window.rows[0],
				count: window.rows[1] - window.rows[0],
				label: (query) => queryName(shown, query),
				first: [
					{ token: state.query, role: cursor },
					...expected.map((token) => ({ token, role: 'text' as const })),
				],
				room: labels.left,
			},
			size,
		),
		...tokenAxis(
			{
				way: 'across',
				title: 'key',
				edge: bottom,
				start: matrix.x,
				cell: cell.width,
				from: window.columns[0],
				count: window.columns[1] - window.columns[0],
				label: (key) => keyName(shown, key),
				first: [
					{ token: state.key, role: cursor },
					...largestKeys(shown, expected).map((token) => ({ token, role: 'text' as const })),
				],
				room: labels.bottom,
			},
			size,
		),
	];
}

/** Where those queries have their largest weight: the keys worth a label. */
function largestKeys({ measured, state }: Shown, queries: readonly number[]): number[] {
	const largestAt = ofHead(measured.largestAt, measured, state.batch, state.head);
	return queries.map((query) => largestAt[query]!);
}
