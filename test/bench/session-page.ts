import * as ort from 'onnxruntime-web/webgpu';
import { findSites } from '../../extension/attention/find-sites.ts';
import { bytesSource } from '../../extension/onnx/bytes-source.ts';
import { indexModel } from '../../extension/onnx/index-model.ts';
import type { ModelIndex } from '../../extension/onnx/model-index.ts';
import { planProbes } from '../../extension/onnx/probes.ts';
import type { ProbePlan } from '../../extension/protocol/messages.ts';
import type { AttentionSite } from '../../extension/protocol/model.ts';
import type { ModelInput } from '../../extension/protocol/run.ts';
import { ModelBytes } from '../../webview/runtime/model-bytes.ts';
import { ModelSession } from '../../webview/runtime/model-session.ts';

export interface SessionMeasurements {
	readonly adapter: string;
	readonly tokens: number;
	/** Median milliseconds of creating a session, and the median of each pair's ratio. */
	readonly create: { plain: number; probed: number; ratio: number; suffixBytes: number };
	/**
	 * Median milliseconds of a run whose taps stay on the GPU, to where kernels may be queued behind it and to where the
	 * GPU is done, and of a run that reads every probability matrix back.
	 */
	readonly run: { queued: number; done: number; readBack: number; weightBytes: number };
}

interface Model {
	readonly bytes: ModelBytes;
	readonly index: ModelIndex;
	readonly sites: readonly AttentionSite[];
}

const rounds = 10;

/** Runs in a page that serves `model.onnx` and `ort.wasm` beside it. */
async function measure(tokens: number): Promise<SessionMeasurements> {
	ort.env.wasm.wasmBinary = await fetched('ort.wasm');
	ort.env.wasm.numThreads = 1;
	ort.env.logLevel = 'error';
	const model = await readModel();
	const adapter = await navigator.gpu.requestAdapter();
	return {
		adapter: adapter ? `${adapter.info.vendor} ${adapter.info.architecture}` : 'none',
		tokens,
		create: await measureCreation(model),
		run: await measureRuns(model, tokens),
	};
}

async function readModel(): Promise<Model> {
	const file = new Uint8Array(await fetched('model.onnx'));
	const bytes = new ModelBytes(file.length);
	bytes.put(0, file);
	const index = await indexModel(bytesSource(file));
	return { bytes, index, sites: findSites(index) };
}

/** Alternating, and paired, so that whatever else the machine does falls on both sides alike. */
async function measureCreation(model: Model): Promise<SessionMeasurements['create']> {
	const probed = planOf(model, ['q', 'k', 'v', 'output']);
	const none = planProbes(model.index, { taps: [], overrides: [] });
	// onnxruntime gives its device up with the last session: one held keeps that cost, the same for both, out
	const held = await create(model, none);
	await timeCreation(model, probed);
	const pairs: { plain: number; probed: number }[] = [];
	for (let round = 0; round < rounds; round++) {
		// The order turns round by round: a machine that slows down must not look like a cost of either
		if (round % 2 === 0) {
			const plain = await timeCreation(model, none);
			pairs.push({ plain, probed: await timeCreation(model, probed) });
		} else {
			const probedFirst = await timeCreation(model, probed);
			pairs.push({ plain: await timeCreation(model, none), probed: probedFirst });
		}
	}
	await held.dispose();
	return {
		plain: median(pairs.map(({ plain }) => plain)),
		probed: median(pairs.map(({ probed }) => probed)),
		ratio: median(pairs.map(({ plain, probed }) => probed / plain)),
		suffixBytes: probed.suffix.length,
	};
}

async function timeCreation(model: Model, plan: ProbePlan): Promise<number> {
	const session = await create(model, plan);
	await session.dispose();
	return session.milliseconds;
}

async function measureRuns(model: Model, tokens: number): Promise<SessionMeasurements['run']> {
	const input = inputOf(model, tokens);
	const names = model.sites.map(({ tensors }) => tensors.weights!.name);
	const onGpu = await create(model, planOf(model, ['q', 'k', 'v', 'output']));
	const readBack = await create(model, planOf(model, ['weights']));
	let weightBytes = 0;
	const runOnGpu = async () => {
		const start = performance.now();
		const tensors = await onGpu.run(input);
		const queued = performance.now() - start;
		await onGpu.device!.queue.onSubmittedWorkDone();
		const done = performance.now() - start;
		tensors.dispose();
		return { queued, done };
	};
	const runAndRead = async () => {
		const start = performance.now();
		const tensors = await readBack.run(input);
		const weights = await Promise.all(names.map((name) => tensors.get(name).read()));
		weightBytes = weights.reduce((sum, { byteLength }) => sum + byteLength, 0);
		const milliseconds = performance.now() - start;
		tensors.dispose();
		return milliseconds;
	};
	// The first run compiles shaders
	await runOnGpu();
	await runAndRead();
	const times: { queued: number; done: number; readBack: number }[] = [];
	for (let round = 0; round < rounds; round++)
		times.push({ ...(await runOnGpu()), readBack: await runAndRead() });
	return {
		queued: median(times.map(({ queued }) => queued)),
		done: median(times.map(({ done }) => done)),
		readBack: median(times.map(({ readBack }) => readBack)),
		weightBytes,
	};
}

async function create({ bytes }: Model, plan: ProbePlan): Promise<ModelSession> {
	const session = await ModelSession.create({ ort, gpu: navigator.gpu }, bytes, plan, 'webgpu');
	if (session.chosen.backend !== 'webgpu') throw new Error(session.chosen.reason);
	return session;
}

type Role = 'q' | 'k' | 'v' | 'weights' | 'output';

function planOf({ index, sites }: Model, roles: readonly Role[]): ProbePlan {
	const taps = sites.flatMap(({ tensors }) => roles.map((role) => tensors[role]!.name));
	return planProbes(index, { taps: [...new Set(taps)], overrides: [] });
}

/** Token ids in a fixed order that repeats no neighbourhood soon. */
function inputOf({ index }: Model, tokens: number): ModelInput {
	const ids = BigInt64Array.from({ length: tokens }, (_, t) => BigInt((t * 37) % 128));
	const data = new Uint8Array(ids.buffer);
	const name = index.graph.inputs[0]!.name;
	return {
		source: 'made up',
		tensors: [{ name, dtype: 'int64', shape: [1, tokens], data }],
		tokens: [],
		labels: [],
		note: '',
	};
}

function median(values: readonly number[]): number {
	return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

async function fetched(path: string): Promise<ArrayBuffer> {
	return (await fetch(path)).arrayBuffer();
}

Object.assign(globalThis, { measure });
