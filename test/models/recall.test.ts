import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { scoreRecall } from '../../kernels/recall/recall.ts';
import { runTokens } from '../../webview/views/recall/probe.ts';
import { recall } from '../../webview/views/recall/recall.ts';
import { tokenModel } from '../../webview/views/recall/token-model.ts';
import { runSample, settledScene } from '../gallery/run-sample.ts';
import { contextOfSample } from './sample-context.ts';
import { readTestSet } from './token-model.ts';

const samples = join(import.meta.dirname, '../../samples');
const size = { width: 800, height: 600, characterWidth: 7, lineHeight: 16 };

/** Two largest logits closer than this may change places between two runtimes. */
const TIE = 1e-3;

/** Of the difference of two measured shares: one in a thousand is beyond by chance. */
const DEVIATIONS = 3.3;

// a whole model runs in each test, on a machine that may be busy
vi.setConfig({ testTimeout: 120_000 });

interface Metrics {
	readonly name: string;
	readonly testSet: { readonly file: string; readonly accuracy: number };
	readonly accuracy: {
		readonly byPairs: readonly {
			readonly length: number;
			readonly pairs: number;
			readonly examples: number;
			readonly accuracy: number;
		}[];
	};
}

interface Exported {
	readonly table: readonly {
		readonly pairs: number;
		readonly length: number;
		readonly asked: number;
		readonly accuracy: number;
	}[];
}

const recallSamples = readdirSync(samples)
	.filter((name) => name.startsWith('mqar-') && existsSync(join(samples, name, 'model.onnx')))
	.map((name) => ({
		folder: join(samples, name),
		metrics: JSON.parse(readFileSync(join(samples, name, 'metrics.json'), 'utf8')) as Metrics,
	}));

describe.each(recallSamples)('the probe on $metrics.name', ({ folder, metrics }) => {
	it('answers the stored examples as PyTorch did, but for ties', async () => {
		const context = await contextOfSample(folder);
		const model = tokenModel(context.model)!;
		const { tokens, labels } = readTestSet(folder, metrics.testSet.file);
		const { length } = tokens;
		let [asked, right, ties] = [0, 0, 0];
		for (let from = 0; from < tokens.rows; from += 50) {
			const rows = Array.from({ length: Math.min(50, tokens.rows - from) }, (_, at) =>
				tokens.data.slice((from + at) * length, (from + at + 1) * length),
			);
			const run = await runTokens(context, model, rows);
			const own = labels.slice(from * length, (from + rows.length) * length);
			const { answers } = scoreRecall(run.logits, own);
			asked += answers.length;
			right += answers.filter(({ rank }) => rank === 0).length;
			ties += answers.filter(({ margin }) => Math.abs(margin) < TIE).length;
			run.release();
		}
		// the stored share is rounded to five digits
		const stored = Math.round(metrics.testSet.accuracy * asked);
		expect(Math.abs(right - stored)).toBeLessThanOrEqual(ties);
	});

	it('reproduces the accuracies of its table on examples of its own', async () => {
		const view = (await runSample(folder, recall))!;
		view.set('queries', 128);
		view.set('pairs', '4, 8, 16, 32');
		view.set('lengths', '64, 128');
		await settledScene(view, size);
		const { table } = view.export().json as Exported;
		for (const { length, pairs, examples, accuracy } of metrics.accuracy.byPairs) {
			const own = table.find((cell) => cell.length === length && cell.pairs === pairs)!;
			const pooled =
				(own.accuracy * own.asked + accuracy * examples * pairs) / (own.asked + examples * pairs);
			// queries of one example share its pairs: they count for half as many
			const effective = own.asked / 2;
			const deviation = Math.sqrt(
				(pooled * (1 - pooled) * (1 + effective / examples)) / effective + 1e-5,
			);
			expect(Math.abs(own.accuracy - accuracy)).toBeLessThan(DEVIATIONS * deviation);
		}
	});
});
