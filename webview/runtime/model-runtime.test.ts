import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web';
import { beforeAll, describe, expect, it } from 'vitest';
import { findSites } from '../../extension/attention/find-sites.ts';
import { graphQuestions } from '../../extension/attention/graph-questions.ts';
import { bytesSource } from '../../extension/onnx/bytes-source.ts';
import { indexModel } from '../../extension/onnx/index-model.ts';
import { planProbes } from '../../extension/onnx/probes.ts';
import type { ProbeRequest } from '../../extension/protocol/messages.ts';
import type { ModelSummary } from '../../extension/protocol/model.ts';
import type { ModelInput } from '../../extension/protocol/run.ts';
import { parseInputFile } from '../../extension/workspace/input-file.ts';
import { summarizeModel } from '../../extension/workspace/model-summary.ts';
import type { ComputedView } from '../view-api/view.ts';
import { ModelBytes } from './model-bytes.ts';
import { ModelRuntime, type RunRequest } from './model-runtime.ts';

const folder = new URL('../../samples/mqar-softmax/', import.meta.url);
const file = new Uint8Array(readFileSync(new URL('model.onnx', folder)));
const index = await indexModel(bytesSource(file));
const model: ModelSummary = summarizeModel(
	{ uri: 'file:///model.onnx', name: 'model.onnx', version: '1', index, sites: findSites(index) },
	[],
);
let input: ModelInput;
beforeAll(async () => {
	ort.env.wasm.numThreads = 1;
	const text = readFileSync(new URL('prompt.json', folder), 'utf8');
	input = await parseInputFile(text, 'prompt.json', () => Promise.reject(new Error('none')));
});

const logits = 'logits';
const weights = model.sites[0]!.tensors['weights']!.name;

/** A view that hands out one tensor of the run. */
const reader: ComputedView = {
	id: 'reader',
	fit: () => ({ fits: true }),
	taps: () => [weights],
	compute: async (context) => {
		const tapped = await context.tensor(weights);
		const output = await context.tensor(logits);
		return { shape: tapped.shape, values: await tapped.read(), logits: await output.read() };
	},
	detail: async (context, _data, query) => (await context.tensor(query as string)).shape,
};
const signal = new AbortController().signal;
const silent = () => undefined;

function start(
	request: ProbeRequest = { taps: [weights], overrides: [] },
	view: ComputedView = reader,
) {
	const bytes = new ModelBytes(file.length);
	bytes.put(0, file);
	const runtime = new ModelRuntime({ ort, gpu: undefined }, [view], graphQuestions(index), 'test');
	const plan = planProbes(index, request);
	const run: RunRequest = { model, plan, input, choice: 'auto', loadMilliseconds: 0 };
	return { runtime, bytes, run };
}

interface Read {
	readonly shape: readonly number[];
	readonly values: Float32Array;
	readonly logits: Float32Array;
}

describe('ModelRuntime', () => {
	it('runs the sample with a tap, says where and why, and hands its tensors to a view', async () => {
		const { runtime, bytes, run } = start();
		const manifest = await runtime.run(bytes, run, silent);
		expect(manifest).toMatchObject({
			backend: 'wasm',
			reason: 'This window has no WebGPU (navigator.gpu is missing).',
			taps: [weights],
			input: { source: 'prompt.json', shapes: { input_ids: [1, 64] } },
		});
		expect(manifest.probeBytes).toBeLessThan(100);
		const { shape, values } = (await runtime.compute('reader', silent, signal)) as Read;
		expect(shape).toEqual([1, 2, 64, 64]);
		const firstRow = values.subarray(64, 128).reduce((sum, weight) => sum + weight, 0);
		expect(firstRow).toBeCloseTo(1, 5);
	});

	it('reproduces the logits that PyTorch stored, to 2e-4 (measured 4.6e-6)', async () => {
		const { runtime, bytes, run } = start();
		await runtime.run(bytes, run, silent);
		const { logits: ours } = (await runtime.compute('reader', silent, signal)) as Read;
		const metrics = JSON.parse(readFileSync(new URL('metrics.json', folder), 'utf8')) as {
			prompt: { positions: number[]; logits: number[][] };
		};
		const vocabulary = metrics.prompt.logits[0]!.length;
		const worst = metrics.prompt.positions.map((position, row) => {
			const at = ours.subarray(position * vocabulary, (position + 1) * vocabulary);
			return Math.max(...metrics.prompt.logits[row]!.map((x, i) => Math.abs(x - at[i]!)));
		});
		expect(Math.max(...worst)).toBeLessThan(2e-4);
	});

	it('keeps the session while model, probes and backend stay, and makes another when they change', async () => {
		const { runtime, bytes, run } = start();
		const first = await runtime.run(bytes, run, silent);
		const again = await runtime.run(bytes, run, silent);
		expect(again.milliseconds.session).toBe(first.milliseconds.session);
		const other = { ...run, plan: planProbes(index, { taps: [], overrides: [] }) };
		const changed = await runtime.run(bytes, other, silent);
		expect(changed.milliseconds.session).not.toBe(first.milliseconds.session);
		await expect(runtime.compute('reader', silent, signal)).rejects.toMatchObject({
			reason: 'no-such-tensor',
			message: expect.stringContaining(weights) as string,
		});
	});

	it('names a tensor that was not read, and refuses a picture of an old run', async () => {
		const { runtime, bytes, run } = start();
		await runtime.run(bytes, run, silent);
		await runtime.compute('reader', silent, signal);
		await expect(runtime.detail('reader', 'nowhere', silent, signal)).rejects.toMatchObject({
			reason: 'no-such-tensor',
		});
		await runtime.run(bytes, run, silent);
		await expect(runtime.detail('reader', weights, silent, signal)).rejects.toMatchObject({
			reason: 'session',
		});
	});

	it('says what the runtime says of a file it cannot load', async () => {
		const { runtime, run } = start();
		const broken = new ModelBytes(file.length);
		await expect(runtime.run(broken, run, silent)).rejects.toMatchObject({
			reason: 'session',
			message: expect.stringMatching(/^onnxruntime refused this model: /) as string,
		});
	});

	it('names an input whose bytes do not fit its shape', async () => {
		const { runtime, bytes, run } = start();
		const [ids] = input.tensors;
		const short = { ...input, tensors: [{ ...ids!, data: ids!.data.subarray(8) }] };
		await expect(runtime.run(bytes, { ...run, input: short }, silent)).rejects.toMatchObject({
			reason: 'input',
			message: 'Input "input_ids" of shape [1, 64] and type int64 needs 512 bytes, got 504.',
		});
	});
});

interface Changed {
	readonly logits: Float32Array;
	readonly before: Float32Array;
	readonly own: Float32Array;
}

/** Runs the model again with the weights times `factor`, and reads both runs. */
const changer: ComputedView = {
	id: 'changer',
	fit: () => ({ fits: true }),
	taps: () => [weights],
	compute: () => Promise.resolve(null),
	detail: async (context, _data, query) => {
		const tapped = await context.tensor(weights);
		const values = (await tapped.read()).map((value) => value * (query as number));
		const { dtype, shape } = tapped;
		const overrides = [{ tensor: weights, dtype, shape, values }];
		const other = await context.again({ overrides, taps: [] });
		const changed: Changed = {
			logits: await (await other.tensor(logits)).read(),
			own: await (await other.tensor(weights)).read(),
			before: await (await context.tensor(logits)).read(),
		};
		other.release();
		return changed;
	},
};

describe('running again', () => {
	async function changed(factor: number): Promise<Changed> {
		const { runtime, bytes, run } = start({ taps: [weights], overrides: [] }, changer);
		await runtime.run(bytes, run, silent);
		await runtime.compute('changer', silent, signal);
		return (await runtime.detail('changer', factor, silent, signal)) as Changed;
	}

	it('gives the same logits to the last bit when a tensor is fed back as it was', async () => {
		const { logits: ours, before } = await changed(1);
		expect(ours).toEqual(before);
	});

	it('changes the logits when attention is taken away, and leaves the run on show as it is', async () => {
		const { logits: ours, before, own } = await changed(0);
		const most = ours.reduce((worst, x, i) => Math.max(worst, Math.abs(x - before[i]!)), 0);
		expect(most).toBeGreaterThan(1);
		expect(own.some((weight) => weight > 0)).toBe(true);
	});

	it('runs what is asked at once one after the other', async () => {
		const { runtime, bytes, run } = start({ taps: [weights], overrides: [] }, changer);
		await runtime.run(bytes, run, silent);
		await runtime.compute('changer', silent, signal);
		const factors = [1, 0, 1, 0];
		const all = await Promise.all(
			factors.map((factor) => runtime.detail('changer', factor, silent, signal)),
		);
		const [same, without, again, gone] = all.map((one) => (one as Changed).logits);
		expect(again).toEqual(same);
		expect(gone).toEqual(without);
	});

	it('names a tensor that cannot be read', async () => {
		const asking: ComputedView = {
			...changer,
			detail: (context) => context.again({ taps: ['nowhere'] }),
		};
		const { runtime, bytes, run } = start({ taps: [weights], overrides: [] }, asking);
		await runtime.run(bytes, run, silent);
		await runtime.compute('changer', silent, signal);
		await expect(runtime.detail('changer', 0, silent, signal)).rejects.toMatchObject({
			reason: 'session',
			message: expect.stringMatching(/^nowhere: /) as string,
		});
	});
});

describe('ModelBytes', () => {
	it('gives the file back unchanged after a plan was taken away', () => {
		const bytes = new ModelBytes(4);
		bytes.put(0, Uint8Array.of(1, 2));
		bytes.put(2, Uint8Array.of(3, 4));
		const plan = { edits: [{ offset: 1, bytes: Uint8Array.of(9) }], suffix: Uint8Array.of(7, 8) };
		expect([...bytes.patched(plan)]).toEqual([1, 9, 3, 4, 7, 8]);
		expect([...bytes.patched({ edits: [], suffix: new Uint8Array() })]).toEqual([1, 2, 3, 4]);
	});

	it('makes room for a suffix of any length', () => {
		const bytes = new ModelBytes(1);
		bytes.put(0, Uint8Array.of(5));
		const suffix = new Uint8Array(200_000).fill(6);
		const patched = bytes.patched({ edits: [], suffix });
		expect([patched.length, patched[0], patched.at(-1)]).toEqual([200_001, 5, 6]);
	});
});
