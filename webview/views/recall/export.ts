import type { DataExport } from '../../view-api/view.ts';
import type { RecallData } from './compute.ts';
import type { Known } from './detail.ts';
import { progressOf } from './progress.ts';
import { probeSentence } from './sentence.ts';
import { isStopped, taskOf, type RecallState } from './state.ts';
import { byDistance, chances } from './tally.ts';

/** Every query as a row; the table of accuracies as JSON. */
export function exportRecall(data: RecallData, state: RecallState, known: Known): DataExport {
	const progress = progressOf(data, state, known);
	const lines = progress.cells.flatMap(({ cell, asked }) =>
		asked.map(
			(each) =>
			[cell.pairs, cell.length, each.example, each.pair, each.key, each.label, each.said, each.rank, each.margin, each.queryAt, each.valueAt].join(','), // prettier-ignore
		),
	);
	const { done, milliseconds } = progress;
	return {
		csv: `pairs,length,example,pair,key,right,said,rank,margin,query_at,value_at\n${lines.join('\n')}\n`,
		json: {
			description: probeSentence(progress, data.vocabulary, isStopped(state)),
			task: taskOf(data, state),
			table: progress.cells.map(({ tally, asked }) => ({
				...tally,
				accuracy: tally.asked === 0 ? null : tally.accuracy,
				chance: chances(data.vocabulary, tally.pairs),
				byDistance: byDistance(asked),
			})),
			byDistance: byDistance(progress.cells.flatMap(({ asked }) => asked)),
			speed: {
				queriesPerSecond: done === 0 ? null : (1000 * done) / milliseconds.total,
				shareOutsideModel: done === 0 ? null : 1 - milliseconds.model / milliseconds.total,
			},
		},
	};
}
