import type { ViewContext } from '../../view-api/view.ts';
import type { RecallData } from './compute.ts';
import type { Known, RecallDetail, RecallQuery } from './known.ts';
import { runBatch } from './probe.ts';
import { wantedBatches } from './progress.ts';
import type { RecallState } from './state.ts';
import { retentionQuery, whyQuery } from './chosen.ts';
import { askModel, listModels } from './models/ask-model.ts';
import { comparisonQueries } from './models/compared.ts';
import { followPairs } from './retention/retention.ts';
import { explain } from './why/why.ts';

export function recallQueries(
	data: RecallData,
	state: RecallState,
	_size: unknown,
	known: Known,
): RecallQuery[] {
	if (state.look === 'text') return [];
	const why = whyQuery(data, state, known);
	const retention = retentionQuery(data, state, known);
	const batches = wantedBatches(data, state, known);
	// the model on show comes first
	const asking = batches.some((batch) => known({ kind: 'batch', batch }) === undefined);
	return [
		...(why ? [why] : []),
		...(retention ? [retention] : []),
		...batches.map((batch) => ({ kind: 'batch', batch }) as const),
		...(asking ? [] : comparisonQueries(data, state, known)),
	];
}

export function fetchDetail(
	context: ViewContext,
	data: RecallData,
	query: RecallQuery,
): Promise<RecallDetail> {
	switch (query.kind) {
		case 'batch':
			return runBatch(context, data.tokenModel, query.batch);
		case 'why':
			return explain(context, data, query);
		case 'models':
			return listModels(context);
		case 'model':
			return askModel(context, query);
		case 'retention':
			return followPairs(context, data, query);
	}
}
