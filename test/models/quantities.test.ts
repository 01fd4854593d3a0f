import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web';
import { describe, expect, test, vi } from 'vitest';
import { readNpz } from './npz.ts';
import { withOutputs } from './tap.ts';
import { readPrompt } from './token-model.ts';

const samples = join(import.meta.dirname, '../../samples');

/** Largest difference to PyTorch, over the largest magnitude of the tensor. WASM measures up to 1e-5. */
const TOLERANCE = 1e-4;

// a whole model runs in each test, on a machine that may be busy
vi.setConfig({ testTimeout: 60_000 });

interface Named {
	/** For each model file the graph value that holds a quantity; `reference.npz` has PyTorch's under the same key. */
	readonly tensors?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const files = readdirSync(samples).flatMap((name) => {
	const metrics = join(samples, name, 'metrics.json');
	if (!existsSync(metrics)) return [];
	const { tensors } = JSON.parse(readFileSync(metrics, 'utf8')) as Named;
	return Object.entries(tensors ?? {}).map(([file, names]) => ({ name, file, names }));
});

describe('what a layer computes on the way can be read by name', () => {
	test.each(files)('samples/$name/$file', async ({ name, file, names }) => {
		const folder = join(samples, name);
		const reference = readNpz(readFileSync(join(folder, 'reference.npz')));
		ort.env.wasm.numThreads = 1;
		const bytes = readFileSync(join(folder, file));
		const plain = await ort.InferenceSession.create(new Uint8Array(bytes));
		const hidden = Object.values(names).filter((value) => !plain.outputNames.includes(value));
		await plain.release();
		const session = await ort.InferenceSession.create(withOutputs(bytes, hidden));
		const { data, rows, length } = readPrompt(folder);
		const ids = new ort.Tensor('int64', BigInt64Array.from(data, BigInt), [rows, length]);
		const outputs = await session.run({ input_ids: ids });
		await session.release();

		expect(Object.keys(names).length).toBeGreaterThan(0);
		for (const [quantity, value] of Object.entries(names)) {
			const expected = reference.get(quantity)!;
			const ours = outputs[value]!;
			expect(ours.dims, quantity).toEqual(expected.shape);
			const [difference, magnitude] = [0, 0].map((_, which) =>
				(ours.data as Float32Array).reduce(
					(worst, v, i) => Math.max(worst, Math.abs(which ? v : v - expected.data[i]!)),
					0,
				),
			) as [number, number];
			expect(difference, quantity).toBeLessThanOrEqual(TOLERANCE * magnitude);
		}
	});
});
