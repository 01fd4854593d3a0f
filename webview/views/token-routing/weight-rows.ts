import { significant } from '../../view-api/format.ts';
import type { Mark, Role, Size } from '../../view-api/scene.ts';

export interface RowsBox {
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
	/** Tokens across. */
	readonly span: number;
}

/** One weight a token. */
export interface WeightRow {
	readonly name: string;
	readonly values: Float32Array;
	readonly role: Role;
	/** Whether weights below zero are to be expected: the line stands in the middle. */
	readonly signed: boolean;
}

/** Under each other, one bar a token (or a pixel, where tokens are narrower), each row to its own height. */
export function weightRows(rows: readonly WeightRow[], box: RowsBox, size: Size): Mark[] {
	const marks: Mark[] = [];
	const tall = box.height / rows.length;
	rows.forEach(({ name, values: given, role, signed }, at) => {
		const width = (given.length * box.width) / box.span;
		const values = binned(given, width);
		const reach = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
		const base = box.y + tall * at + (signed ? tall / 2 : tall - 1);
		const high = (signed ? tall / 2 : tall) - 4;
		const line = { kind: 'text', size: 'small', y: box.y + tall * (at + 0.5) } as const;
		marks.push(
			{ kind: 'line', points: [[box.x, base], [box.x + box.width, base]], stroke: 'faint', width: 1 }, // prettier-ignore
			...bars(values, reach, base, high, width, box.x, role),
			{ ...line, x: 0, text: name, fill: 'muted', maxWidth: box.x - 4 },
			{ ...line, x: box.x + box.width + 6, text: `${signed ? '±' : ''}${short(reach)}`, fill: 'muted', maxWidth: 8 * size.characterWidth }, // prettier-ignore
		);
	});
	return marks;
}

const short = (value: number) =>
	value > 0 && value < 1e-3 ? value.toExponential(0) : significant(value);

function bars(
	values: Float32Array,
	reach: number,
	base: number,
	high: number,
	width: number,
	x: number,
	fill: Role,
): Mark[] {
	const cell = width / values.length;
	const marks: Mark[] = [];
	values.forEach((value, column) => {
		const size = reach > 0 ? (Math.abs(value) / reach) * high : 0;
		if (size < 0.3) return;
		const thick = Math.max(1, Math.min(4, cell - 1));
		marks.push({
			kind: 'rect',
			x: x + (column + 0.5) * cell - thick / 2,
			y: value > 0 ? base - size : base,
			width: thick,
			height: size,
			fill,
		});
	});
	return marks;
}

/** The value of largest size a pixel where there are more tokens than pixels. */
function binned(values: Float32Array, width: number): Float32Array {
	const columns = Math.min(values.length, Math.max(1, Math.floor(width)));
	return Float32Array.from({ length: columns }, (_, at) => {
		const from = Math.floor((at * values.length) / columns);
		const to = Math.max(from + 1, Math.floor(((at + 1) * values.length) / columns));
		return values
			.subarray(from, to)
			.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
	});
}
