import type { ViewContext } from '../../view-api/view.ts';
import type { RecallData } from './compute.ts';
import type { Known, RecallDetail, RecallQuery } from './known.ts';
import { runBatch } from './probe.ts';
import { wantedBatches } from './progress.ts';
import { taskOf, type RecallState } from './state.ts';
import { rowNamed } from './rows.ts';
import { explain, type WhyQuery } from './why/why.ts';

export function recallQueries(
	data: RecallData,
	state: RecallState,
	_size: unknown,
	known: Known,
): RecallQuery[] {
	const why = whyQuery(data, state, known);
	return [
		...(why ? [why] : []),
		...wantedBatches(data, state, known).map((batch) => ({ kind: 'batch', batch }) as const),
	];
}

/** The question about the chosen query; undefined where none is chosen or its batch has not run. */
export function whyQuery(data: RecallData, state: RecallState, known: Known): WhyQuery | undefined {
	const row = rowNamed(data, state, known, state.chosen);
	if (!row) return undefined;
	const { from, example, pair } = row.asked;
	const batch = { task: taskOf(data, state), cell: row.cell, from, count: example - from + 1 };
	return { kind: 'why', batch, pair };
}

export function fetchDetail(
	context: ViewContext,
	data: RecallData,
	query: RecallQuery,
): Promise<RecallDetail> {
	return query.kind === 'batch'
		? runBatch(context, data.tokenModel, query.batch)
		: explain(context, data, query);
}
