import { significant } from '../../view-api/format.ts';
import type { Scene, Size } from '../../view-api/scene.ts';
import { cellBars } from './cell-bars.ts';
import type { RecallData } from './compute.ts';
import { chosenWhy, retentionQuery, shownMemory, whyQuery } from './chosen.ts';
import type { Known } from './known.ts';
import { probeFigures } from './figures.ts';
import { candidates, comparedModels } from './models/compared.ts';
import { comparisonFigures, comparisonSentence, modelList } from './models/comparison.ts';
import { progressOf, type Progress } from './progress.ts';
import {
	retentionFigures,
	retentionMap,
	retentionReadout,
	type ShownRetention,
} from './retention/map.ts';
import { rowList } from './row-list.ts';
import { rowNamed, shownRows, tokenName } from './rows.ts';
import { probeSentence, share } from './sentence.ts';
import { isStopped, type RecallState } from './state.ts';
import { layoutText } from './text/text-layout.ts';
import { shownHeads, whyPanel } from './why/panel.ts';
import { whySentence } from './why/sentence.ts';
import type { WhyDetail } from './why/why.ts';

const GAP = 14;

export function layoutRecall(
	data: RecallData,
	state: RecallState,
	size: Size,
	known: Known,
): Scene {
	if (state.look === 'text') return layoutText(data, state, size);
	const progress = progressOf(data, state, known);
	const { vocabulary } = data;
	const bars = cellBars(progress.cells, vocabulary, state, 0, size);
	const query = whyQuery(data, state, known);
	const why = chosenWhy(data, state, known);
	const retention = why && shownRetention(data, state, known, why);
	const list = rowList(shownRows(data, state, known), vocabulary, state, bars.height + GAP, size);
	const below = bars.height + list.height + 2 * GAP;
	const panel = why ? whyPanel(why, vocabulary, below, size) : nothing;
	const map = retention ? retentionMap(retention, below + panel.height + GAP, size) : nothing;
	const compared = comparedModels(data, state, known);
	const mapEnd = below + panel.height + (retention ? GAP + map.height : 0);
	const choice = state.compare
		? modelList(candidates(known) ?? [], compared, state, mapEnd + GAP, size)
		: nothing;
	const sentence = [
		comparisonSentence(compared),
		probeSentence(progress, vocabulary, isStopped(state)),
	]
		.filter((part) => part !== '')
		.join(' ');
	return {
		title: `Associative recall of ${data.name}`,
		site: '',
		description: why
			? `${whySentence(why, vocabulary)} ${sentence}`
			: query
				? `Looking into the chosen query… ${sentence}`
				: sentence,
		width: size.width,
		height: Math.ceil(mapEnd + (state.compare ? GAP + choice.height : 0)),
		marks: [...bars.marks, ...list.marks, ...panel.marks, ...map.marks, ...choice.marks],
		targets: [
			...bars.targets,
			...list.targets,
			...panel.targets,
			...map.targets,
			...choice.targets,
		],
		figures: [
			...(retention ? retentionFigures(retention) : []),
			...comparisonFigures(compared),
			...probeFigures(progress.cells, vocabulary),
		],
		readout: readout(data, state, progress, known, why, retention),
	};
}

function shownRetention(
	data: RecallData,
	state: RecallState,
	known: Known,
	why: WhyDetail,
): ShownRetention | undefined {
	const query = retentionQuery(data, state, known);
	const detail = query && known(query);
	const memory = shownMemory(why, state);
	if (detail?.kind !== 'retention' || !memory) return undefined;
	const step = state.step < 0 ? why.query.queryAt + 1 : Math.min(state.step, detail.T);
	return { name: memory.name, detail, query: why.query, step, vocabulary: data.vocabulary };
}

const nothing = { marks: [], targets: [], height: 0 };

function readout(
	data: RecallData,
	state: RecallState,
	progress: Progress,
	known: Known,
	why: WhyDetail | undefined,
	retention: ShownRetention | undefined,
): string {
	const { pointed } = state;
	const cellOfMap = /^retention (\d+) (\d+)$/.exec(pointed);
	if (cellOfMap && retention)
		return retentionReadout(retention, Number(cellOfMap[1]), Number(cellOfMap[2]));
	const strip = /^strip (\d+) (\d+)$/.exec(pointed);
	if (strip && why) return stripReadout(why, Number(strip[1]), Number(strip[2]), data.vocabulary);
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

function stripReadout(why: WhyDetail, strip: number, at: number, vocabulary: number): string {
	const shown = shownHeads(why)[strip];
	if (!shown) return '';
	const { site, head } = shown;
	const token = why.tokens[at] ?? 0;
	return `${site.name} head ${head.head} reads token ${at} (${tokenName(token, vocabulary)}) with ${significant(head.row[at] ?? 0)}, ${share(Math.abs(head.row[at] ?? 0) / (head.mass || 1))} of all it reads`;
}
