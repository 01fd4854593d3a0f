import * as ort from 'onnxruntime-web/webgpu';
import type { AttentionResults } from '../../kernels/common/attention-results.ts';
import { closeness } from '../../kernels/common/closeness.ts';
import { memoryShape, normaliseRows } from '../../kernels/common/memory/cases.ts';
import { seeded } from '../../kernels/common/seeded.ts';
import { laidOut, type Strided } from '../../kernels/common/tensors.ts';
import { gatedDeltaRule } from '../../kernels/gated-delta-rule/gated-delta-rule.ts';
import { linearAttention } from '../../kernels/linear-attention/linear-attention.ts';
import { softmaxAttention } from '../../kernels/softmax-attention/softmax-attention.ts';
import {
	decomposedAttention,
	linearAttentionModel,
	materialisedWeights,
	multiHeadAttention,
	type OperatorShape,
} from '../gpu/onnx-operators.ts';

/** One operator at one length: ours against onnxruntime's on the same device, inputs there, output read back. */
export interface OutputPair {
	readonly operator: string;
	/** What of onnxruntime's it is held against. */
	readonly against: string;
	readonly tokens: number;
	/** RMS of the difference over RMS of onnxruntime's: no time is reported where it is too large. */
	readonly difference: number;
	readonly oursMs: number | null;
	readonly onnxruntimeMs: number | null;
}

export interface StatisticsPair {
	readonly tokens: number;
	readonly difference: number;
	readonly oursMs: number;
	readonly materialisedMs: number;
	/** Bytes of GPU buffers that were made while it ran, inputs apart. */
	readonly oursBytes: number;
	readonly materialisedBytes: number;
}

/** Milliseconds of a result at T and 2T tokens: the least of nine rounds each. */
export interface Growth {
	readonly result: string;
	readonly tokens: number;
	readonly onceMs: number;
	readonly twiceMs: number;
}

export interface KernelMeasurements {
	readonly adapter: string;
	readonly outputs: readonly OutputPair[];
	readonly statistics: StatisticsPair;
	readonly growth: readonly Growth[];
}

const H = 2;
const K = 32;
/** A difference above this would make a time meaningless. */
const tolerance = 1e-4;

type Data = Float32Array<ArrayBuffer>;
type Name = 'q' | 'k' | 'v' | 'decay' | 'beta';

/** Runs in a page that serves `ort.wasm` beside it. */
async function measureKernels(lengths: readonly number[]): Promise<KernelMeasurements> {
	ort.env.wasm.wasmBinary = await (await fetch('ort.wasm')).arrayBuffer();
	ort.env.wasm.numThreads = 1;
	ort.env.logLevel = 'error';
	const adapter = await navigator.gpu.requestAdapter();
	// onnxruntime-web gives its device up with its last session
	const keeper = await theirs('linear', 1);
	// First, while neither side has buffers left over from other work
	const statistics = await measureStatistics(lengths.at(-1)!);
	console.info(JSON.stringify(statistics));
	const outputs: OutputPair[] = [];
	for (const tokens of lengths) {
		for (const operator of Object.keys(models) as OperatorName[]) {
			outputs.push(await measureOutput(operator, tokens));
			console.info(JSON.stringify(outputs.at(-1)));
		}
	}
	const growth = await measureGrowth(lengths.at(-1)! / 4);
	await keeper.release();
	return {
		adapter: adapter ? `${adapter.info.vendor} ${adapter.info.architecture}` : 'none',
		...{ outputs, statistics, growth },
	};
}

/** Packed inputs `[B, T, H·K]` as arrays, unit keys. */
function arraysOf(tokens: number): Readonly<Record<Name, Data>> {
	const next = seeded(tokens);
	const filled = (length: number, draw: () => number) => Float32Array.from({ length }, draw);
	const signed = () => next() * 2 - 1;
	const k = filled(tokens * H * K, signed);
	normaliseRows(k, K);
	return {
		q: filled(tokens * H * K, signed),
		k,
		v: filled(tokens * H * K, signed),
		decay: filled(tokens * H, () => Math.log(0.9 + 0.1 * next())),
		beta: filled(tokens * H, next),
	};
}

interface Buffers {
	readonly tokens: number;
	readonly device: GPUDevice;
	readonly tensors: Readonly<Record<Name, Strided>>;
	readonly feeds: Readonly<Record<Name, ort.Tensor>>;
	destroy(): void;
}

function upload(device: GPUDevice, tokens: number): Buffers {
	const arrays = arraysOf(tokens);
	const made = (Object.keys(arrays) as Name[]).map((name) => {
		const data = arrays[name];
		const buffer = device.createBuffer({
			size: data.byteLength,
			usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
		});
		device.queue.writeBuffer(buffer, 0, data);
		const width = data.length / tokens;
		const strided: Strided = {
			data: { buffer, length: data.length },
			strides: width === H ? [tokens * H, 1, H, 0] : [tokens * width, K, width, 1],
		};
		const feed = ort.Tensor.fromGpuBuffer(buffer, {
			dataType: 'float32',
			dims: [1, tokens, width],
		});
		return { name, buffer, strided, feed };
	});
	const record = <Value>(pick: (each: (typeof made)[number]) => Value) =>
		Object.fromEntries(made.map((each) => [each.name, pick(each)])) as Record<Name, Value>;
	return {
		...{ tokens, device },
		tensors: record(({ strided }) => strided),
		feeds: record(({ feed }) => feed),
		destroy: () => made.forEach(({ buffer }) => buffer.destroy()),
	};
}

type OperatorName = 'softmax' | 'softmax-fused' | 'linear' | 'gated-delta';

function oursOf(operator: OperatorName, { device, tokens, tensors }: Buffers): AttentionResults {
	const { q, k, v, decay, beta } = tensors;
	const shape = memoryShape(1, H, tokens, K, K);
	switch (operator) {
		case 'softmax':
		case 'softmax-fused':
			return softmaxAttention(
				device,
				{ q, k, v },
				{ B: 1, H, keyHeads: H, T: tokens, S: tokens, K, V: K },
			);
		case 'linear':
			return linearAttention(device, { q, k, v }, shape, { scale: 0.25 });
		case 'gated-delta':
			return gatedDeltaRule(device, { q, k, v, beta, decay: { tensor: decay, is: 'log' } }, shape, {
				scale: 0.25,
			});
	}
}

interface Model {
	readonly inputs: readonly Name[];
	readonly against: string;
	bytes(shape: OperatorShape): Uint8Array;
}

const models: Readonly<Record<OperatorName, Model>> = {
	softmax: {
		inputs: ['q', 'k', 'v'],
		against: 'MatMul, Softmax, MatMul',
		bytes: decomposedAttention,
	},
	// On the software adapter onnxruntime-web 1.30 gets this one wrong from 64 tokens on: then no time is reported
	'softmax-fused': {
		inputs: ['q', 'k', 'v'],
		against: 'MultiHeadAttention',
		bytes: (shape) => multiHeadAttention(shape, false),
	},
	linear: {
		inputs: ['q', 'k', 'v'],
		against: 'LinearAttention, linear',
		bytes: (shape) => linearAttentionModel(shape, 'linear', 0.25),
	},
	'gated-delta': {
		inputs: ['q', 'k', 'v', 'decay', 'beta'],
		against: 'LinearAttention, gated_delta',
		bytes: (shape) => linearAttentionModel(shape, 'gated_delta', 0.25),
	},
};

async function theirs(operator: OperatorName, T: number): Promise<ort.InferenceSession> {
	const bytes = models[operator].bytes({ B: 1, H, T, K, V: K });
	return ort.InferenceSession.create(bytes, { executionProviders: ['webgpu'] });
}

async function measureOutput(operator: OperatorName, tokens: number): Promise<OutputPair> {
	const session = await theirs(operator, tokens);
	const buffers = upload(await ort.env.webgpu.device, tokens);
	const results = oursOf(operator, buffers);
	const feeds = Object.fromEntries(
		models[operator].inputs.map((name) => [name, buffers.feeds[name]]),
	);
	const run = async () => (await session.run(feeds, ['o']))['o']!.data as Data;
	const expected = await run();
	const found = await results.output();
	const { ratio } = closeness(inTokenOrder(found, tokens), expected);
	const right = ratio < tolerance;
	const pair = right
		? await alternate(
				() => results.output(),
				() => run(),
				roundsFor(tokens),
			)
		: null;
	await session.release();
	buffers.destroy();
	return {
		operator,
		against: models[operator].against,
		tokens,
		difference: ratio,
		oursMs: pair?.[0] ?? null,
		onnxruntimeMs: pair?.[1] ?? null,
	};
}

async function measureStatistics(tokens: number): Promise<StatisticsPair> {
	const bytes = materialisedWeights({ B: 1, H, T: tokens, K, V: K });
	const session = await ort.InferenceSession.create(bytes, { executionProviders: ['webgpu'] });
	const device = await ort.env.webgpu.device;
	const arrays = arraysOf(tokens);
	const dims = [1, H, tokens, K];
	const q = laidOut(arrays.q, 'BHTK', [1, H, tokens, K]);
	const k = laidOut(arrays.k, 'BHTK', [1, H, tokens, K]);
	const feeds = {
		q: new ort.Tensor('float32', arrays.q, dims),
		k: new ort.Tensor('float32', arrays.k, dims),
	};
	const shape = { B: 1, H, keyHeads: H, T: tokens, S: tokens, K, V: K };
	const ours = softmaxAttention(device, { q, k, v: k }, shape, { scale: 1 });
	const live = trackBuffers(device);
	const materialise = async () => (await session.run(feeds, ['o']))['o']!.data as Data;
	let statistics = await ours.rowStatistics();
	const oursBytes = live.made();
	const weights = await materialise();
	const materialisedBytes = live.made();
	live.stop();
	const entropy = Float64Array.from({ length: H * tokens }, (_, row) => {
		const probabilities = weights.subarray(row * tokens, (row + 1) * tokens);
		return probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
	});
	const [oursMs, materialisedMs] = await alternate(
		async () => (statistics = await ours.rowStatistics()),
		materialise,
		roundsFor(tokens),
	);
	await session.release();
	const { ratio } = closeness(statistics.entropy, entropy);
	return { tokens, difference: ratio, oursMs, materialisedMs, oursBytes, materialisedBytes };
}

async function measureGrowth(tokens: number): Promise<Growth[]> {
	const device = await ort.env.webgpu.device;
	const both = [upload(device, tokens), upload(device, 2 * tokens)] as const;
	const growth: Growth[] = [];
	for (const [result, ask] of grown) {
		const asked = both.map((buffers) => () => ask(buffers));
		for (const each of asked) await each();
		const [onceMs, twiceMs] = await alternate(asked[0]!, asked[1]!, 9, smallest);
		growth.push({ result, tokens, onceMs, twiceMs });
		console.info(JSON.stringify(growth.at(-1)));
	}
	for (const buffers of both) buffers.destroy();
	return growth;
}

/** The results whose cost is followed from T to 2T tokens. */
const grown: readonly (readonly [string, (buffers: Buffers) => Promise<unknown>])[] = [
	['linear output', (buffers) => oursOf('linear', buffers).output()],
	['gated-delta output', (buffers) => oursOf('gated-delta', buffers).output()],
	['softmax pyramid of M', (buffers) => oursOf('softmax', buffers).pyramid(...wholeOf(buffers))],
	[
		'gated-delta pyramid of M',
		(buffers) => oursOf('gated-delta', buffers).pyramid(...wholeOf(buffers)),
	],
	['softmax row statistics', (buffers) => oursOf('softmax', buffers).rowStatistics()],
];

function wholeOf({ tokens }: Buffers) {
	const whole = { batch: 0, head: 0, rows: [0, tokens], columns: [0, tokens] } as const;
	return [whole, { rows: 256, columns: 256 }] as const;
}

/** Bytes of the buffers that a device makes for storage, since the last time that it was asked. */
function trackBuffers(device: GPUDevice): { made(): number; stop(): void } {
	const createBuffer = device.createBuffer.bind(device);
	let bytes = 0;
	device.createBuffer = (descriptor) => {
		if ((descriptor.usage & GPUBufferUsage.STORAGE) !== 0) bytes += descriptor.size;
		return createBuffer(descriptor);
	};
	return {
		made: () => {
			const sum = bytes;
			bytes = 0;
			return sum;
		},
		stop: () => {
			device.createBuffer = createBuffer;
		},
	};
}

/** `[B, H, T, K]` in the order `[B, T, H, K]`, B = 1. */
function inTokenOrder(output: Float32Array, T: number): Float32Array {
	return output.map((_, at) => {
		const [row, d] = [Math.floor(at / K), at % K];
		return output[((row % H) * T + Math.floor(row / H)) * K + d]!;
	});
}

/** Long sequences take minutes on a software adapter. */
function roundsFor(tokens: number): number {
	return tokens > 1024 ? 1 : 3;
}

/** Milliseconds of each, warm, turn by turn so that whatever else the machine does falls on both. */
async function alternate(
	one: () => Promise<unknown>,
	other: () => Promise<unknown>,
	rounds: number,
	pick: (times: readonly number[]) => number = middle,
): Promise<readonly [number, number]> {
	const times: (readonly [number, number])[] = [];
	for (let round = 0; round < rounds; round++) times.push([await timed(one), await timed(other)]);
	return [pick(times.map(([first]) => first)), pick(times.map(([, second]) => second))];
}

async function timed(ask: () => Promise<unknown>): Promise<number> {
	const start = performance.now();
	await ask();
	return performance.now() - start;
}

function middle(values: readonly number[]): number {
	return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** What growth needs: a machine's other work only ever adds. */
function smallest(values: readonly number[]): number {
	return Math.min(...values);
}

Object.assign(globalThis, { measureKernels });
