import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTraining } from './training-runs.ts';

const curve = [
	{ step: 10, seconds: 1.5, loss: 3 },
	{ step: 20, seconds: 3.1, loss: 2.5 },
];
const reading = (files: Record<string, unknown>) => (path: string) =>
	Promise.resolve(path in files ? JSON.stringify(files[path]) : undefined);

describe('training runs', () => {
	it('of the samples are those of the four variants', async () => {
		const folder = join(import.meta.dirname, '../../samples/momentum-sympformer');
		const runs = await readTraining((path) => readFile(join(folder, path), 'utf8'));
		expect(new Set(runs.map(({ name }) => name))).toEqual(
			new Set([
				'SympFormer, causal prefix form',
				'Standard transformer',
				'Standard transformer, widened',
				'YuriiFormer',
			]),
		);
		for (const run of runs) expect(run.curve.length).toBeGreaterThan(5);
	});

	it('are one a seed, of the model, its variants and what it compares itself with', async () => {
		const own = {
			name: 'own',
			parameters: 12,
			training: { seed: 1, curve },
			seeds: [{ training: { seed: 1, curve } }, { training: { seed: 2, curve } }],
			variants: { wide: { parameters: 24, training: { curve } } },
			compare: ['../other/metrics.json', '../gone/metrics.json'],
		};
		const other = { title: 'Other', training: { seed: 3, curve } };
		const read = reading({ 'metrics.json': own, '../other/metrics.json': other });
		expect(await readTraining(read)).toEqual([
			{ name: 'own', parameters: 12, seed: 1, curve },
			{ name: 'own', parameters: 12, seed: 2, curve },
			{ name: 'own, wide', parameters: 24, seed: null, curve },
			{ name: 'Other', parameters: null, seed: 3, curve },
		]);
	});

	it('leave out what is none, and never look beyond the neighbouring folders', async () => {
		const asked: string[] = [];
		const compare = [
			'../../x/metrics.json',
			'../../metrics.json',
			'/etc/metrics.json',
			'../x/weights.json',
			7,
		];
		const files: Record<string, unknown> = { 'metrics.json': { compare, training: { curve: [{ step: -1 }] } } }; // prettier-ignore
		const read = (path: string) => {
			asked.push(path);
			return reading(files)(path);
		};
		expect(await readTraining(read)).toEqual([]);
		expect(asked).toEqual(['metrics.json']);
		expect(await readTraining(() => Promise.resolve('no json'))).toEqual([]);
		expect(await readTraining(() => Promise.reject(new Error('gone')))).toEqual([]);
	});
});
