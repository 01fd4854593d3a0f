import type { DataExport } from '../../view-api/view.ts';
import type { RecallData } from './compute.ts';
import { whyQuery } from './chosen.ts';
import type { Known } from './known.ts';
import { comparedModels } from './models/compared.ts';
import { progressOf } from './progress.ts';
import { probeSentence } from './sentence.ts';
import { isStopped, taskOf, type RecallState } from './state.ts';
import { exportText } from './text/export-text.ts';
import { byDistance, chances } from './tally.ts';
import { whySentence } from './why/sentence.ts';
import type { WhyDetail } from './why/why.ts';

/** Every query as a row; the table of accuracies as JSON. */
export function exportRecall(data: RecallData, state: RecallState, known: Known): DataExport {
	if (state.look === 'text') return exportText(data.text);
	const progress = progressOf(data, state, known);
	const lines = progress.cells.flatMap(({ cell, asked }) =>
		asked.map(
			(each) =>
			[cell.pairs, cell.length, each.example, each.pair, each.key, each.label, each.said, each.rank, each.margin, each.queryAt, each.valueAt].join(','), // prettier-ignore
		),
	);
	const { done, milliseconds } = progress;
	const query = whyQuery(data, state, known);
	const why = query && known(query);
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
			...(state.compare && { models: comparedModels(data, state, known).map(({ candidate, result }) => ({ name: candidate.name, ...result })) }), // prettier-ignore
			...(why?.kind === 'why' && { chosen: whyJson(why, data.vocabulary) }),
			speed: {
				queriesPerSecond: done === 0 ? null : (1000 * done) / milliseconds.total,
				shareOutsideModel: done === 0 ? null : 1 - milliseconds.model / milliseconds.total,
			},
		},
	};
}

function whyJson(why: WhyDetail, vocabulary: number) {
	return {
		sentence: whySentence(why, vocabulary),
		...why,
		cause: why.cause ?? null,
		sites: why.sites.map((site) => ({
			...site,
			heads: site.heads.map((head) => ({ ...head, row: Array.from(head.row) })),
		})),
	};
}
