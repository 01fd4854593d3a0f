import type { BatchResult } from './probe.ts';
import type { RetentionDetail, RetentionQuery } from './retention/retention.ts';
import type { Batch } from './task.ts';
import type { WhyDetail, WhyQuery } from './why/why.ts';

export interface BatchQuery {
	readonly kind: 'batch';
	readonly batch: Batch;
}
export type RecallQuery = BatchQuery | WhyQuery | RetentionQuery;
export type RecallDetail = BatchResult | WhyDetail | RetentionDetail;
export type Known = (query: RecallQuery) => RecallDetail | undefined;
