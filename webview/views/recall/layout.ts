import { significant } from '../../view-api/format.ts';
import type { Scene, Size } from '../../view-api/scene.ts';
import { cellBars } from './cell-bars.ts';
import type { RecallData } from './compute.ts';
import type { Known } from './detail.ts';
import { probeFigures } from './figures.ts';
import { progressOf, type Progress } from './progress.ts';
import { rowList } from './row-list.ts';
import { rowNamed, shownRows, tokenName } from './rows.ts';
import { probeSentence, share } from './sentence.ts';
import { isStopped, type RecallState } from './state.ts';

const GAP = 14;

export function layoutRecall(
	data: RecallData,
	state: RecallState,
	size: Size,
	known: Known,
): Scene {
	const progress = progressOf(data, state, known);
	const { vocabulary } = data;
	const bars = cellBars(progress.cells, vocabulary, state, 0, size);
	const list = rowList(shownRows(data, state, known), vocabulary, state, bars.height + GAP, size);
	return {
		title: `Associative recall of ${data.name}`,
		site: '',
		description: probeSentence(progress, vocabulary, isStopped(state)),
		width: size.width,
		height: Math.ceil(bars.height + GAP + list.height),
		marks: [...bars.marks, ...list.marks],
		targets: [...bars.targets, ...list.targets],
		figures: probeFigures(progress.cells, vocabulary),
		readout: readout(data, state, progress, known),
	};
}

function readout(data: RecallData, state: RecallState, progress: Progress, known: Known): string {
	const { pointed } = state;
	const at = /^cell (\d+)$/.exec(pointed)?.[1];
	const cell = at === undefined ? undefined : progress.cells[Number(at)];
	if (cell) {
		const { pairs, length, right, asked, planned, accuracy, low, high } = cell.tally;
		const name = `${pairs} pairs in ${length} tokens`;
		return asked === 0
			? `${name}: not asked yet`
			: `${name}: ${right} of ${asked} right, ${share(accuracy)} (95 % interval ${share(low)} to ${share(high)}), ${planned} planned`;
	}
	const row = rowNamed(data, state, known, pointed);
	if (!row) return '';
	const { key, label, said, rank, margin, queryAt, valueAt } = row.asked;
	const name = (token: number) => tokenName(token, data.vocabulary);
	return `${row.name} · ${name(key)} at ${queryAt}, its value ${name(label)} at ${valueAt}: said ${name(said)}, the right one is number ${rank + 1}, margin ${significant(margin)}`;
}
