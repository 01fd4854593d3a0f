import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web';
import { describe, expect, test, vi } from 'vitest';
import { openModel, readTestSet } from './token-model.ts';

const folder = join(import.meta.dirname, '../../samples/mimoformer');

/** Largest difference of a class score to PyTorch's. */
const TOLERANCE = 2e-4;

// a whole model runs in each test, on a machine that may be busy
vi.setConfig({ testTimeout: 60_000 });

interface Grid {
	readonly grid: readonly [number, number];
	readonly accuracy: number;
	/** One row of class scores for each cell. */
	readonly promptScores: readonly (readonly number[])[];
}
const metrics = JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8')) as {
	models: Record<string, string>;
	variants: Record<string, { file: string; grids: readonly Grid[] }>;
};
const prompt = JSON.parse(readFileSync(join(folder, 'prompt.json'), 'utf8')) as {
	inputs: { input_ids: { shape: [number, number, number, number]; data: number[] } };
};

const cases = Object.entries(metrics.models).flatMap(([file, name]) =>
	metrics.variants[name]!.grids.map((expected) => ({ file, name, ...expected })),
);

/** The sequences of the prompt in the top left corner of its grid, row by row. */
function corner(rows: number, columns: number): number[] {
	const { shape, data } = prompt.inputs.input_ids;
	const [, , width, length] = shape;
	return Array.from({ length: rows * columns }, (_, cell) => {
		const at = Math.floor(cell / columns) * width + (cell % columns);
		return data.slice(at * length, (at + 1) * length);
	}).flat();
}

/** Class scores `[cells of all grids, classes]`. */
async function scores(file: string, ids: readonly number[], shape: readonly number[]) {
	const session = await openModel(folder, file);
	const tensor = new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), shape);
	const { logits } = await session.run({ input_ids: tensor });
	await session.release();
	const classes = logits!.dims.at(-1)!;
	const values = logits!.data as Float32Array;
	return Array.from({ length: values.length / classes }, (_, cell) =>
		values.subarray(cell * classes, (cell + 1) * classes),
	);
}

describe.each(cases)(
	'samples/mimoformer/$file on $grid',
	({ file, name, grid, accuracy, promptScores }) => {
		const [rows, columns] = grid;

		test('gives the scores that PyTorch gave', async () => {
			const ours = await scores(file, corner(rows, columns), [1, rows, columns, 64]);
			expect(ours.length).toBe(promptScores.length);
			for (const [cell, row] of ours.entries()) {
				const worst = row.reduce(
					(w, v, i) => Math.max(w, Math.abs(v - promptScores[cell]![i]!)),
					0,
				);
				expect(worst).toBeLessThan(TOLERANCE);
			}
		});

		test('is as accurate on the stored sequences as PyTorch was', async () => {
			const { tokens, labels } = readTestSet(folder, metrics.variants[name]!.file);
			expect(tokens.rows).toBeGreaterThanOrEqual(500);
			const batches = tokens.rows / (rows * columns);
			const ours = await scores(file, tokens.data, [batches, rows, columns, tokens.length]);
			const right = ours.filter((row, i) => row.indexOf(Math.max(...row)) === labels[i]).length;
			// two scores may lie so close together that rounding decides
			expect(Math.abs(right / ours.length - accuracy)).toBeLessThanOrEqual(0.004);
		});
	},
);
