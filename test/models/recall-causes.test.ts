import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { computeRecall } from '../../webview/views/recall/compute.ts';
import { runBatch } from '../../webview/views/recall/probe.ts';
import type { Batch } from '../../webview/views/recall/task.ts';
import { explain } from '../../webview/views/recall/why/why.ts';
import { contextOfSample } from './sample-context.ts';

const samples = join(import.meta.dirname, '../../samples');

// a whole model runs in each test, on a machine that may be busy
vi.setConfig({ testTimeout: 120_000 });

const hard = { pairs: 32, length: 128 };
const renewed = { pairs: 8, length: 64 };

/** Ten failing queries over three architectures. */
describe.each([
	{ sample: 'mqar-gated-delta', cell: hard, share: 0, queries: 4 },
	{ sample: 'mqar-linear', cell: hard, share: 0, queries: 3 },
	{ sample: 'mqar-softmax', cell: renewed, share: 1, queries: 3 },
])('failing queries of $sample', ({ sample, cell, share, queries }) => {
	it('fail of a cause that an override proves', async () => {
		const context = await contextOfSample(join(samples, sample));
		const data = await computeRecall(context);
		const task = {
			...{ vocabulary: data.vocabulary, passes: 1, renewed: share, seed: 11 },
			filler: 'no-keys',
		} as const;
		const batch: Batch = { task, cell, from: 0, count: 6 };
		const { asked } = await runBatch(context, data.tokenModel, batch);
		const failed = asked.filter(({ rank }) => rank > 0).slice(0, queries);
		expect(failed).toHaveLength(queries);
		for (const { example, pair, said, label, margin } of failed) {
			const one = { ...batch, count: example + 1 };
			const why = await explain(context, data, { kind: 'why', batch: one, pair });
			// the run that is explained is the one that failed
			expect(why.said).toBe(said);
			expect(why.margin).toBeCloseTo(margin, 3);
			expect(why.cause).toMatchObject({ verified: true });
			expect(why.cause!.margin).toBeGreaterThan(0);
			const site = why.sites.find((each) => each.site === why.cause!.site)!;
			const proof = site.tries.find(({ repair }) => repair === why.cause!.repair)!;
			expect(proof).toMatchObject({ said: label, rank: 0 });
			for (const { ledger } of site.heads) {
				if (ledger) expect(ledger.gap).toBeLessThan(1e-6 * (1 + Math.abs(ledger.intact)));
			}
		}
	});
});
