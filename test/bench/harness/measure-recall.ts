import type { ViewContext } from '../../../webview/view-api/view.ts';
import { computeRecall } from '../../../webview/views/recall/compute.ts';
import { runBatch } from '../../../webview/views/recall/probe.ts';
import { batchesOf } from '../../../webview/views/recall/task.ts';

export interface RecallSpeed {
	readonly queries: number;
	readonly length: number;
	readonly milliseconds: number;
	readonly queriesPerSecond: number;
	/** Share of the wall clock that is neither the model nor reading its logits. */
	readonly shareOutsideModel: number;
}

const QUERIES = 1024;
const RUNS = 3;

/** 1,024 queries of 32 pairs in 128 tokens as one run of the model; the best of three after one to warm up. */
export async function measureRecall(context: ViewContext): Promise<RecallSpeed> {
	const data = await computeRecall(context);
	const task = {
		...{ vocabulary: data.vocabulary, passes: 1, renewed: 0, seed: 1 },
		filler: 'no-keys',
	} as const;
	const length = 128;
	const [batch] = batchesOf(task, [{ pairs: 32, length }], QUERIES, undefined);
	const times = [];
	for (let run = 0; run <= RUNS; run++) {
		const { asked, milliseconds } = await runBatch(context, data.tokenModel, batch!);
		if (run > 0) times.push({ queries: asked.length, ...milliseconds });
	}
	const best = times.reduce((a, b) => (b.total < a.total ? b : a));
	return {
		queries: best.queries,
		length,
		milliseconds: Math.round(best.total * 10) / 10,
		queriesPerSecond: Math.round((1000 * best.queries) / best.total),
		shareOutsideModel: Math.round(1000 * (1 - best.model / best.total)) / 1000,
	};
}
