import type { ViewContext } from '../../view-api/view.ts';
import type { RecallData } from './compute.ts';
import { runBatch, type BatchResult } from './probe.ts';
import { wantedBatches } from './progress.ts';
import type { RecallState } from './state.ts';
import type { Batch } from './task.ts';

export interface BatchQuery {
	readonly kind: 'batch';
	readonly batch: Batch;
}
export type RecallQuery = BatchQuery;
export type RecallDetail = BatchResult;
export type Known = (query: RecallQuery) => RecallDetail | undefined;

export function recallQueries(
	data: RecallData,
	state: RecallState,
	_size: unknown,
	known: Known,
): RecallQuery[] {
	return wantedBatches(data, state, known).map((batch) => ({ kind: 'batch', batch }));
}

export function fetchDetail(
	context: ViewContext,
	data: RecallData,
	query: RecallQuery,
): Promise<RecallDetail> {
	return runBatch(context, data.tokenModel, query.batch);
}
