import * as ort from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { model, node, tensor, value } from '../../test/models/build-model.ts';
import type { DerivedNode } from '../protocol/model.ts';
import { bytesSource } from './bytes-source.ts';
import { indexModel } from './index-model.ts';
import { applyPlan, planProbes } from './probes.ts';

ort.env.wasm.numThreads = 1;

const constant = (name: string, values: number[], dtype: string): DerivedNode => ({
	op: 'Constant',
	domain: '',
	inputs: [],
	outputs: [name],
	attributes: { value: { type: 'tensor', values, tensor: { dtype, shape: [values.length] } } },
});
const plain = (op: string, inputs: string[], output: string): DerivedNode => ({
	op,
	domain: '',
	inputs,
	outputs: [output],
	attributes: {},
});
const derived = [
	constant('d/0', [2, 3], 'float32'),
	plain('Mul', ['hidden', 'd/0'], 'd/1'),
	constant('d/2', [2, 1], 'int64'),
	plain('Reshape', ['d/1', 'd/2'], 'd/q'),
	{ ...plain('BiasGelu', ['x', 'w'], 'd/gelu'), domain: 'com.microsoft' },
	plain('Neg', ['nowhere'], 'd/lost'),
	plain('Neg', ['x'], 'hidden'),
];
const bytes = model({
	node: [node('Add', ['x', 'w'], ['hidden']), node('Neg', ['hidden'], ['y'])],
	input: [value('x', 'float32', [2])],
	output: [value('y')],
	initializer: [tensor('w', [2], [10, 20])],
});
const index = await indexModel(bytesSource(bytes));
const plan = (taps: string[], overrides: { tensor: string; dtype: string }[] = []) =>
	planProbes(index, { taps, overrides }, derived);

async function run(made: ReturnType<typeof plan>, feeds: Record<string, number[]>) {
	const session = await ort.InferenceSession.create(applyPlan(bytes, made));
	const given = Object.entries(feeds).map(([name, data]) => [
		name,
		new ort.Tensor('float32', Float32Array.from(data), [data.length]),
	]);
	const results = await session.run(Object.fromEntries(given) as Record<string, ort.Tensor>);
	await session.release();
	return (name: string) => results[name]!;
}

describe('a tensor that stands nowhere in the graph', () => {
	it('is computed by nodes in the suffix, whose bytes are counted', async () => {
		const made = plan(['d/q']);
		expect(made.refused).toEqual([]);
		expect(made.edits).toEqual([]);
		expect(made.costBytes).toBe(made.suffix.length);
		const read = await run(made, { x: [1, 2] });
		expect(read('d/q').dims).toEqual([2, 1]);
		expect(Array.from(read('d/q').data as Float32Array)).toEqual([22, 66]);
	});

	it('costs nothing where nobody reads it', () => {
		expect(plan(['hidden']).suffix.length).toBeLessThan(plan(['d/q']).suffix.length / 2);
	});

	it('is computed from what an override puts there', async () => {
		const made = plan(['d/q'], [{ tensor: 'hidden', dtype: 'float32' }]);
		const read = await run(made, { x: [1, 2], hidden: [5, 7] });
		expect(Array.from(read('d/q').data as Float32Array)).toEqual([10, 21]);
	});

	it('brings the operator set that its nodes need', async () => {
		const read = await run(plan(['d/gelu']), { x: [1, 2] });
		expect((read('d/gelu').data as Float32Array)[0]).toBeCloseTo(11, 5);
	});

	it('cannot be replaced, nor be computed from what is not there', () => {
		const made = plan(['d/lost'], [{ tensor: 'd/q', dtype: 'float32' }]);
		expect(made.refused).toEqual([
			{ tensor: 'd/q', reason: expect.stringContaining('beside the operator') as string },
			{
				tensor: 'd/lost',
				reason: 'It is computed from nowhere. The model has no tensor of this name.',
			},
		]);
	});

	it('never takes the place of one that the model has', async () => {
		const read = await run(plan(['hidden']), { x: [1, 2] });
		expect(Array.from(read('hidden').data as Float32Array)).toEqual([11, 22]);
	});
});
