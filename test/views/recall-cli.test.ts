import { join } from 'node:path';
import * as ort from 'onnxruntime-web';
import { expect, it, vi } from 'vitest';
import { run } from '../../cli/run.ts';

const model = join(import.meta.dirname, '../../samples/mqar-linear/model.onnx');

// whole models run here, on a machine that may be busy
vi.setConfig({ testTimeout: 120_000 });

interface Table {
	readonly table: readonly { readonly pairs: number; readonly asked: number; readonly accuracy: number }[]; // prettier-ignore
	readonly models: readonly { readonly name: string; readonly elements: readonly { count: number }[] }[]; // prettier-ignore
}

it('prints the table of accuracies, and other models beside it', async () => {
	const fields = {
		pairs: '4,8,16,32',
		lengths: 128,
		queries: 64,
		compare: true,
		models: 'mqar-gated-delta',
	};
	const report = await run({ model, view: 'recall', input: undefined, fields, ort });
	const { table, models } = report.data as Table;
	expect(table.map(({ pairs }) => pairs)).toEqual([4, 8, 16, 32]);
	for (const { asked, accuracy } of table) {
		expect(asked).toBeGreaterThanOrEqual(64);
		expect(accuracy).toBeGreaterThan(0.5);
	}
	expect(report.description).toMatch(/recall falls from \d/);
	// two layers of two states of 32 by 32 numbers, as the sample's own metrics count them
	const counts = models.map(({ name, elements }) => [name, elements[0]!.count]);
	expect(counts).toContainEqual(['mqar-gated-delta/model.onnx', 4096]);
});
