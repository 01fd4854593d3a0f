import { describe, expect, it } from 'vitest';
import { examplesOf, type Batch } from '../../webview/views/recall/task.ts';
import { computeRecall } from '../../webview/views/recall/compute.ts';
import { runBatch } from '../../webview/views/recall/probe.ts';
import { whySentence } from '../../webview/views/recall/why/sentence.ts';
import { explain } from '../../webview/views/recall/why/why.ts';
import { toyContext, VOCABULARY, type Spoilt } from './recall-toy.ts';

const task = { vocabulary: VOCABULARY, passes: 1, renewed: 0, filler: 'none', seed: 4 } as const;
const batch: Batch = { task, cell: { pairs: 6, length: 48 }, from: 0, count: 1 };
const [example] = examplesOf(batch);
/** The pair that is spoilt: its value stands at token 5. */
const PAIR = 2;
const { key, value, queryAt, valueAt } = example!.queries[PAIR]!;
/** A token between the pairs and the first query that nothing else uses. */
const LATER = 13;
const other = example!.queries[0]!;

async function why(spoilt: Spoilt) {
	const context = toyContext(spoilt);
	const data = await computeRecall(context);
	const found = await explain(context, data, { kind: 'why', batch, pair: PAIR });
	return { found, sentence: whySentence(found, VOCABULARY) };
}

describe('a memory whose every number is known', () => {
	it('recalls everything as it is, and tells where', async () => {
		const context = toyContext({});
		const data = await computeRecall(context);
		const { asked } = await runBatch(context, data.tokenModel, batch);
		expect(asked.map(({ rank }) => rank)).toEqual(asked.map(() => 0));
		const { found, sentence } = await why({});
		expect(found.cause).toBeUndefined();
		expect(sentence).toMatch(/the model answers it\. Head 0 of layer 0 reads it at token 5 with weight 1\.00, 100 %/); // prettier-ignore
	});

	it('finds the write that erased the pair, and its ledger adds up', async () => {
		const { found, sentence } = await why({
			writes: (at) => (at === LATER ? key : undefined),
			value: (at) => (at === LATER ? [other.value, 0.1] : undefined),
		});
		expect(found.cause).toMatchObject({ kind: 'erased', by: LATER, verified: true });
		const ledger = found.sites[0]!.heads[0]!.ledger!;
		expect(ledger).toMatchObject({ intact: 1, left: 0, faded: 0, erased: 1 });
		expect(ledger.erasers).toEqual([{ at: LATER, amount: 1 }]);
		expect(ledger.gap).toBeLessThan(1e-12);
		expect(sentence).toMatch(/erased by token 13 .*of 1\.00 that was written later writes took 1\.00, 0 is left\. Verified/); // prettier-ignore
	});

	it('finds that the pair decayed', async () => {
		const spoilt: Spoilt = {
			alpha: (at) => (at === valueAt + 1 ? 0.01 : 1),
			after: (at, token) => (at === queryAt && token === other.value ? 0.2 : 0),
		};
		const { found } = await why(spoilt);
		expect(found.cause).toMatchObject({ kind: 'decayed', repair: 'decay', verified: true });
		expect(found.sites[0]!.heads[0]!.ledger).toMatchObject({
			intact: 1,
			faded: expect.closeTo(0.99, 6) as number,
		});
	});

	it('finds the pair that outvotes it', async () => {
		// another value is written under this key before the pair, and the pair only weakly
		const spoilt: Spoilt = {
			writes: (at) => (at === other.valueAt ? key : undefined),
			beta: (at) => (at === valueAt ? 0.3 : 1),
		};
		const { found, sentence } = await why(spoilt);
		expect(found.cause).toMatchObject({ kind: 'outvoted', by: other.keyAt, verified: true });
		expect(sentence).toMatch(/outvoted by crosstalk in layer 0: .*2\.33 times as strongly/);
	});

	it('finds that the pair was never written', async () => {
		const spoilt: Spoilt = {
			beta: (at) => (at === valueAt ? 0.001 : 1),
			after: (at, token) => (at === queryAt && token === other.value ? 0.2 : 0),
		};
		const { found } = await why(spoilt);
		expect(found.cause).toMatchObject({ kind: 'never written', repair: 'right', verified: true });
	});

	it('finds that what was retrieved is overruled later', async () => {
		const after: Spoilt['after'] = (at, token) => (at === queryAt && token === other.value ? 1.5 : 0); // prettier-ignore
		const { found, sentence } = await why({ after });
		expect(found.cause).toMatchObject({ kind: 'overruled later', verified: true });
		expect(found.cause!.margin).toBeGreaterThan(0);
		expect(sentence).toMatch(/retrieved but overruled later: layer 0 reads the pair \(100 %/);
		expect(found.query.value).toBe(value);
	});

	it('says so where no head finds its pairs', async () => {
		const { found } = await why({ writes: () => 0 });
		expect(found.cause).toMatchObject({ kind: 'never matched', verified: false });
	});
});
