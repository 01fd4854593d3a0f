import type { ListDetail, ListQuery, ModelDetail, ModelQuery } from './models/ask-model.ts';
import type { BatchResult } from './probe.ts';
import type { RetentionDetail, RetentionQuery } from './retention/retention.ts';
import type { Batch } from './task.ts';
import type { WhyDetail, WhyQuery } from './why/why.ts';

export interface BatchQuery {
	readonly kind: 'batch';
	readonly batch: Batch;
}
export type RecallQuery = BatchQuery | WhyQuery | RetentionQuery | ListQuery | ModelQuery;
export type RecallDetail = BatchResult | WhyDetail | RetentionDetail | ListDetail | ModelDetail;
export type Known = (query: RecallQuery) => RecallDetail | undefined;
