import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import {
	type Answers,
	accuracyOf,
	openModel,
	readPrompt,
	readTestSet,
	runTokens,
} from './token-model.ts';
import type { TokenSample } from './token-model.ts';

const samples = join(import.meta.dirname, '../../samples');

/** Largest difference to PyTorch's logits. WASM measures up to 1e-4 where a loop accumulates 64 tokens. */
const TOLERANCE = 2e-4;

// a whole model runs in each test, on a machine that may be busy
vi.setConfig({ testTimeout: 60_000 });

const tokenSamples = readdirSync(samples)
	.map((name) => join(samples, name))
	.filter(
		(folder) => existsSync(join(folder, 'metrics.json')) && existsSync(join(folder, 'prompt.json')),
	)
	.map((folder) => {
		const metrics = JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8')) as TokenSample;
		return { folder, metrics };
	})
	.filter(({ metrics }) => 'testSet' in metrics);

test('the recall family is there', () => {
	expect(tokenSamples.map(({ metrics }) => metrics.name)).toContain('mqar-softmax');
});

describe.each(tokenSamples)('samples/$metrics.name', ({ folder, metrics }) => {
	const files = readdirSync(folder).filter((file) => file.endsWith('.onnx'));

	test('says of every model file whose weights it holds', () => {
		expect(Object.keys(metrics.models).sort()).toEqual(files.sort());
	});

	describe.each(files)('%s', (file) => {
		const variant = metrics.models[file];
		const answers: Answers = variant ? metrics.variants![variant]! : metrics;

		test('gives the logits that PyTorch gave for the prompt', async () => {
			const session = await openModel(folder, file);
			const { logits, vocabulary } = await runTokens(session, readPrompt(folder));
			expect(answers.prompt.positions.length).toBeGreaterThan(0);
			for (const [row, position] of answers.prompt.positions.entries()) {
				const ours = logits.subarray(position * vocabulary, (position + 1) * vocabulary);
				expect(largestDifference(ours, answers.prompt.logits[row]!)).toBeLessThan(TOLERANCE);
			}
			await session.release();
		});

		test('runs at another batch and length, and a shorter text has the same beginning', async () => {
			const session = await openModel(folder, file);
			const prompt = readPrompt(folder);
			const length = prompt.length - 11;
			const start = prompt.data.slice(0, length);
			const whole = await runTokens(session, prompt);
			const two = await runTokens(session, {
				data: [...start.toReversed(), ...start],
				rows: 2,
				length,
			});
			const size = length * whole.vocabulary;
			expect(two.logits.length).toBe(2 * size);
			const second = two.logits.subarray(size);
			expect(largestDifference(second, whole.logits.subarray(0, size))).toBeLessThan(TOLERANCE);
			await session.release();
		});

		test('is as accurate on the stored test set as PyTorch was', async () => {
			const session = await openModel(folder, file);
			const { tokens, labels } = readTestSet(folder, answers.testSet.file);
			expect(tokens.rows).toBeGreaterThanOrEqual(500);
			const accuracy = await accuracyOf(session, tokens, labels);
			// a few answers lie so close together that rounding decides them
			expect(Math.abs(accuracy - answers.testSet.accuracy)).toBeLessThan(1e-3);
			await session.release();
		});
	});
});

function largestDifference(ours: Float32Array, theirs: ArrayLike<number>): number {
	if (ours.length !== theirs.length)
		throw new Error(`${ours.length} numbers against ${theirs.length}`);
	return ours.reduce((worst, value, i) => Math.max(worst, Math.abs(value - theirs[i]!)), 0);
}
