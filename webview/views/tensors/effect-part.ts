import { counted, percent, significant } from '../../view-api/format.ts';
import type { Mark, Size } from '../../view-api/scene.ts';
import type { TensorsData } from './compute.ts';
import type { Known } from './detail.ts';
import { editWords } from './edit.ts';
import type { ChangedRow, Effect } from './effect.ts';
import { factRows, heading, joined, nothing, type Fact, type Part } from './part.ts';
import { answerTo } from './queries.ts';
import type { TensorsState } from './state.ts';

const STRIP = 22;
const MOST_ROWS = 8;

/** The changes made by hand, and what they do to the model's outputs. */
export function effectPart(
	data: TensorsData,
	{ edits }: TensorsState,
	size: Size,
	known: Known,
): Part {
	if (edits.length === 0) return nothing;
	const answer = answerTo('effect', { kind: 'effect', edits }, known);
	const made = factRows(
		edits.map((edit, at): Fact => [`change ${at + 1}`, editWords(edit)]),
		size,
	);
	return joined([
		heading(`${counted(edits.length, 'change')} by hand; the file is untouched`, size),
		made,
		...(answer ? answer.effects.map((effect) => outputPart(data, effect, size)) : []),
	]);
}

function outputPart(data: TensorsData, effect: Effect, size: Size): Part {
	const { output, largest, at, relative, byRow, changed, changedCount } = effect;
	const facts: Fact[] = [
		['largest change', `${significant(largest)} at [${at.join(', ')}]`],
		['relative change', `${significant(relative * 100)} % (norm of the difference)`],
		[
			'other predictions',
			`${changedCount} of ${byRow.length}`,
			changedCount > 0 ? 'warning' : 'text',
		],
		...changed.slice(0, MOST_ROWS).map((row) => changeFact(data, row)),
		...(changedCount > MOST_ROWS
			? [['', `and ${changedCount - MOST_ROWS} more`, 'muted'] as const]
			: []),
	];
	return joined([
		heading(`Output ${output}: largest change by row`, size),
		...(byRow.length > 1 ? [strip(effect, size)] : []),
		factRows(facts, size),
	]);
}

function changeFact({ tokens }: TensorsData, { row, before, after, certain }: ChangedRow): Fact {
	const token = tokens[row];
	return [
		`row ${row}${token === undefined ? '' : ` (${token})`}`,
		`${before} (${percent(certain[0])}) → ${after} (${percent(certain[1])})`,
	];
}

/** One cell a row of the output; a tick under those whose prediction is another. */
function strip({ byRow, changed }: Effect, size: Size): Part {
	const { width } = size;
	const most = byRow.reduce((a, b) => Math.max(a, b), 0) || 1;
	const box = { x: 0, y: 0, width, height: STRIP };
	const ticks = changed.map(({ row }): Mark => {
		const x = ((row + 0.5) * width) / byRow.length;
		return { kind: 'line', points: [[x, STRIP + 2], [x, STRIP + 8]], stroke: 'warning', width: 2 }; // prettier-ignore
	});
	const words = `0 to ${significant(most)}; ticks: another prediction`;
	return {
		marks: [
			{ kind: 'image', ...box, rows: 1, columns: byRow.length, values: byRow, domain: [0, most], ramp: 'sequential' }, // prettier-ignore
			{ kind: 'rect', ...box, stroke: 'faint', strokeWidth: 1 },
			...ticks,
			{ kind: 'text', x: 0, y: STRIP + 10 + size.lineHeight / 2, text: words, fill: 'muted', size: 'small', maxWidth: width }, // prettier-ignore
		],
		targets: [],
		height: STRIP + 14 + size.lineHeight,
	};
}
