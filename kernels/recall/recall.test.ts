import { describe, expect, it } from 'vitest';
import { IGNORED, mqar, recallHits, scoreRecall, wilson, type MqarOptions } from './recall.ts';

const plain: MqarOptions = { vocabulary: 256, length: 64, pairs: 8 };
const settings: readonly (readonly [string, MqarOptions])[] = [
	['standard', plain],
	['unfilled', { ...plain, filler: 'none' }],
	['without keys', { ...plain, filler: 'no-keys' }],
	['two passes', { ...plain, passes: 2 }],
	['forgetting', { ...plain, updates: 5 }],
	['as full as it goes', { vocabulary: 34, length: 32, pairs: 8 }],
];

describe('multi-query associative recall', () => {
	it.each(settings)('asks for the newest value of keys that were shown: %s', (_name, options) => {
		for (const { tokens, labels, queries } of mqar(options, 50, 3)) {
			expect(labels.filter((label) => label !== IGNORED)).toHaveLength(8);
			expect(new Set(queries.map(({ key }) => key)).size).toBe(8);
			expect(new Set(queries.map(({ value }) => value)).size).toBe(8);
			const context = 2 * (8 * (options.passes ?? 1) + (options.updates ?? 0));
			for (const { key, value, queryAt, keyAt, valueAt } of queries) {
				expect([tokens[queryAt], labels[queryAt]]).toEqual([key, value]);
				expect([tokens[keyAt], tokens[valueAt]]).toEqual([key, value]);
				expect(queryAt).toBeGreaterThanOrEqual(context);
				let newest = 0;
				for (let at = 0; at < context; at += 2) if (tokens[at] === key) newest = at;
				expect(keyAt).toBe(newest);
			}
		}
	});

	it('gives renewed keys another value than before', () => {
		for (const { tokens, queries } of mqar({ ...plain, updates: 8 }, 20, 4)) {
			for (const { value, keyAt } of queries) {
				expect(keyAt).toBeGreaterThanOrEqual(16);
				expect(Array.from(tokens.subarray(0, 16))).not.toContain(value);
			}
		}
	});

	it('repeats itself from its seed', () => {
		expect(mqar(plain, 3, 9)).toEqual(mqar(plain, 3, 9));
		expect(mqar(plain, 3, 9)).not.toEqual(mqar(plain, 3, 10));
	});

	it('leaves zeros where it does not fill', () => {
		const [first] = mqar({ ...plain, filler: 'none' }, 1, 1);
		expect(first!.tokens.filter((token) => token === 0)).toHaveLength(64 - 16 - 8);
	});

	it('asks each key once where the filler is no key', () => {
		for (const { tokens, queries } of mqar({ ...plain, filler: 'no-keys' }, 50, 5)) {
			for (const { key } of queries) expect(tokens.filter((token) => token === key).length).toBe(2);
		}
	});

	it('puts the first gap in the first slot as often as its weight says', () => {
		// 28 slots with p ∝ i^(−0.99): the first has 0.25 of the weight
		const examples = mqar({ ...plain, pairs: 4 }, 4000, 6);
		const first = examples.filter(({ queries }) => queries[0]!.queryAt === 8).length;
		expect(first / 4000).toBeCloseTo(0.25, 1);
	});

	it.each([
		[{ ...plain, length: 63 }, 'length must be even, got 63'],
		[{ ...plain, vocabulary: 64 }, 'vocabulary must be above length=64, got 64'],
		[{ ...plain, pairs: 17 }, 'pairs, updates and queries need 68 tokens, got length=64'],
		[{ ...plain, updates: 9 }, 'updates can renew at most pairs=8 keys, got 9'],
		[{ ...plain, pairs: 0 }, 'pairs must be a whole number of at least 1, got 0'],
	])('says what does not fit (%#)', (options, message) => {
		expect(() => mqar(options, 1, 1)).toThrow(message);
	});

	it('scores an oracle that looks the key up as perfect', () => {
		for (const { tokens, labels, queries } of mqar(plain, 20, 2)) {
			const logits = new Float32Array(64 * 256);
			for (const { key, queryAt } of queries) {
				const keyAt = tokens.indexOf(key);
				logits[queryAt * 256 + tokens[keyAt + 1]!] = 5;
			}
			expect(scoreRecall(logits, labels).accuracy).toBe(1);
		}
	});
});

describe('scores', () => {
	it('has rank, margin and loss of a row that is known', () => {
		const logits = [0, 0, 0, Math.log(1), Math.log(5), Math.log(4)];
		const { answers, accuracy, loss } = scoreRecall(logits, [IGNORED, 2]);
		expect(accuracy).toBe(0);
		expect(loss).toBeCloseTo(-Math.log(0.4), 12);
		expect(answers).toEqual([
			{
				...{ at: 1, label: 2, said: 1, rank: 1 },
				margin: expect.closeTo(Math.log(4 / 5), 12) as number,
				loss: expect.closeTo(-Math.log(0.4), 12) as number,
			},
		]);
	});

	it('takes the first of equals, as argmax does', () => {
		const { answers } = scoreRecall([1, 1, 1], [1]);
		expect(answers[0]).toMatchObject({ said: 0, rank: 1, margin: 0 });
	});

	it('refuses logits and labels that do not fit each other', () => {
		expect(() => scoreRecall(new Float32Array(7), [1, 2])).toThrow(
			'must be 2 rows of one width, got 7',
		);
		expect(() => scoreRecall(new Float32Array(6), [1, 3])).toThrow(
			'label 3 at 1 is not one of 3 tokens',
		);
	});
});

describe('the interval of a share', () => {
	it('is that of the textbook', () => {
		// Wilson 1927 as in Brown, Cai and DasGupta 2001: 8 of 10
		expect(wilson(8, 10).low).toBeCloseTo(0.4902, 4);
		expect(wilson(8, 10).high).toBeCloseTo(0.9433, 4);
	});

	it('keeps room where all or none are right, and knows nothing of nothing', () => {
		expect(wilson(10, 10)).toEqual({ low: expect.closeTo(0.7225, 4) as number, high: 1 });
		expect(wilson(0, 10)).toEqual({ low: 0, high: expect.closeTo(0.2775, 4) as number });
		expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
	});
});

describe('recall hits', () => {
	it('marks the second token of a bigram that came before, with its latest source', () => {
		expect(recallHits([1, 2, 9, 1, 2, 1, 2])).toEqual([
			{ at: 4, sourceAt: 1, distance: 3 },
			{ at: 6, sourceAt: 4, distance: 2 },
		]);
	});

	it('does not let a run of one token recall itself', () => {
		expect(recallHits([7, 7, 7])).toEqual([]);
		expect(recallHits([7, 7, 7, 7])).toEqual([{ at: 3, sourceAt: 1, distance: 2 }]);
	});

	it('leaves out bigrams that training has made common', () => {
		expect(recallHits([1, 2, 1, 2], (first) => first !== 1)).toEqual([]);
	});
});
