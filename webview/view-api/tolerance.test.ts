import { expect, it } from 'vitest';
import * as ort from 'onnxruntime-web';
import { findSites } from '../../extension/attention/find-sites.ts';
import { planSiteProbes } from '../../extension/attention/graph-questions.ts';
import { bytesSource } from '../../extension/onnx/bytes-source.ts';
import { indexModel } from '../../extension/onnx/index-model.ts';
import { applyPlan } from '../../extension/onnx/probes.ts';
import { model, node, value } from '../../test/models/build-model.ts';
import { NamedTensors } from '../runtime/named-tensors.ts';
import { openSite } from '../runtime/site-operators.ts';
import { attentionTaps } from './attention-taps.ts';
import { TOLERANCE, toleranceOf } from './tolerance.ts';

const shape = [2, 4, 6, 8];

/** A run of the standard operator in one precision: how far its picture is off, and how far it may be. */
async function picture(dtype: 'float16' | 'float32') {
	const init = {
		input: ['q', 'k', 'v'].map((name) => value(name, dtype, shape)),
		node: [node('Attention', ['q', 'k', 'v'], ['y'])],
		output: [value('y', dtype, shape)],
	};
	const bytes = model(init, { opsetImport: [{ domain: '', version: 23n }] });
	const index = await indexModel(bytesSource(bytes));
	const [site] = findSites(index);
	const plan = planSiteProbes(index, { taps: attentionTaps(site!), overrides: [] });
	ort.env.wasm.numThreads = 1;
	const session = await ort.InferenceSession.create(applyPlan(bytes, plan));
	const count = shape.reduce((a, b) => a * b, 1);
	const feed = (shift: number) => {
		const numbers = Float32Array.from({ length: count }, (_, i) => Math.sin(i * i + shift));
		if (dtype === 'float32') return new ort.Tensor('float32', numbers, shape);
		const halves = Uint16Array.from(numbers, (x) => 0x3800 | Math.floor(Math.abs(x) * 0x3ff));
		return new ort.Tensor('float16', halves as never, shape);
	};
	const feeds = { q: feed(0), k: feed(1), v: feed(2) };
	const tensors = new NamedTensors();
	const outputs = new Map(plan.outputs.map(({ tensor, output }) => [output, tensor]));
	for (const [name, read] of Object.entries(await session.run(feeds)))
		tensors.add(outputs.get(name) ?? name, read);
	const context = {
		device: undefined,
		tensor: (name: string) => Promise.resolve().then(() => tensors.get(name)),
	};
	const { results, output } = await openSite(context, site!);
	const residual = (await results.residual(output)).overall;
	return { residual, tolerance: await toleranceOf(context, site!) };
}

it('is that of float32 where values and result are (measured 1e-7)', async () => {
	const { residual, tolerance } = await picture('float32');
	expect(tolerance).toBe(TOLERANCE);
	expect(residual).toBeLessThan(1e-6);
});

it('is that of float16 where they are, whose roundings float32 would not allow', async () => {
	const { residual, tolerance } = await picture('float16');
	expect(tolerance).toBe(2e-3);
	expect(residual).toBeLessThan(tolerance);
	expect(residual).toBeGreaterThan(5e-5);
});
