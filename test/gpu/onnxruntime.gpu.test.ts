import * as ort from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { closeness } from '../../kernels/common/closeness.ts';
import { memoryShape, randomMemory } from '../../kernels/common/memory/cases.ts';
import { laidOut, type Strided } from '../../kernels/common/tensors.ts';
import { deltaRule } from '../../kernels/delta-rule/delta-rule.ts';
import { gatedDeltaRule } from '../../kernels/gated-delta-rule/gated-delta-rule.ts';
import { linearAttention } from '../../kernels/linear-attention/linear-attention.ts';
import { softmaxAttention } from '../../kernels/softmax-attention/softmax-attention.ts';
import { testDevice } from './device.ts';
import {
	linearAttentionModel,
	multiHeadAttention,
	standardAttention,
	type UpdateRule,
} from './onnx-operators.ts';

/** RMS error over RMS of onnxruntime's own result, both in float32. Measured: at most 1e-6 (LinearAttention). */
const tolerance = 5e-6;

const device = await testDevice();
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

const size = { B: 2, H: 3, T: 70, K: 16, V: 8 };
const { B, H, T, K, V } = size;
const shape = memoryShape(B, H, T, K, V);

type Data = Float32Array<ArrayBuffer>;

/** `[B, T, H, channels]`, what the contrib operators take with the last two dimensions packed. */
const packed = (data: Data, channels: number): Strided =>
	laidOut(data, 'BTHK', [B, H, T, channels]);

function arrays() {
	const random = randomMemory(shape);
	const flat = (tensor: Strided) => tensor.data as Data;
	return {
		...{ q: flat(random.q), k: flat(random.k), v: flat(random.v) },
		decay: random.decay.data.map(Math.log),
		beta: random.beta.data,
	};
}

async function run(
	bytes: Uint8Array,
	feeds: Readonly<Record<string, readonly [Data, readonly number[]]>>,
): Promise<Readonly<Record<string, Data>>> {
	const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
	const tensors = Object.entries(feeds).map(
		([name, [data, dims]]) => [name, new ort.Tensor('float32', data, dims)] as const,
	);
	const results = await session.run(Object.fromEntries(tensors));
	await session.release();
	return Object.fromEntries(
		Object.entries(results).map(([name, { data }]) => [name, data as Data]),
	);
}

/** `[B, H, T, V]` in the order `[B, T, H, V]`. */
function inTokenOrder(output: Float32Array): Float32Array {
	return output.map((_, at) => {
		const [row, d] = [Math.floor(at / V), at % V];
		const [b, t, h] = [Math.floor(row / (T * H)), Math.floor(row / H) % T, row % H];
		return output[((b * H + h) * T + t) * V + d]!;
	});
}

describe.skipIf(!device)("onnxruntime's own operators give what ours give", () => {
	it.each([false, true])('MultiHeadAttention, causal %s', async (causal) => {
		const { q, k, v } = arrays();
		const { o } = await run(multiHeadAttention(size, causal), {
			q: [q, [B, T, H * K]],
			k: [k, [B, T, H * K]],
			v: [v, [B, T, H * V]],
		});
		const ours = softmaxAttention(
			device,
			{ q: packed(q, K), k: packed(k, K), v: packed(v, V) },
			{ B, H, keyHeads: H, T, S: T, K, V },
			{ causal },
		);
		expect(closeness(inTokenOrder(await ours.output()), o!).ratio).toBeLessThan(tolerance);
		expect((await ours.residual(packed(o!, V))).overall).toBeLessThan(tolerance);
	});

	it.each([
		{ causal: false },
		{ causal: true },
		{ causal: true, scale: 0.7 },
		{ causal: false, softCap: 1.5, scale: 3 },
	])('Attention of the standard, %o', async (options) => {
		const { q, k, v } = arrays();
		const { o } = await run(standardAttention(size, options), {
			q: [q, [B, H, T, K]],
			k: [k, [B, H, T, K]],
			v: [v, [B, H, T, V]],
		});
		const ours = softmaxAttention(
			device,
			{
				q: laidOut(q, 'BHTK', [B, H, T, K]),
				k: laidOut(k, 'BHTK', [B, H, T, K]),
				v: laidOut(v, 'BHTK', [B, H, T, V]),
			},
			{ B, H, keyHeads: H, T, S: T, K, V },
			options,
		);
		expect(closeness(await ours.output(), o!).ratio).toBeLessThan(tolerance);
	});

	it.each(['linear', 'gated', 'delta', 'gated_delta'] as const)(
		'LinearAttention by the rule %s, and its state',
		async (rule: UpdateRule) => {
			const { q, k, v, decay, beta } = arrays();
			const gate = [B, T, H] as const;
			const { o, state } = await run(linearAttentionModel(size, rule, 0.25), {
				q: [q, [B, T, H * K]],
				k: [k, [B, T, H * K]],
				v: [v, [B, T, H * V]],
				...(rule.startsWith('gated') && { decay: [decay, gate] as const }),
				...(rule.endsWith('delta') && { beta: [beta, gate] as const }),
			});
			const perHead = (data: Data): Strided => ({ data, strides: [T * H, 1, H, 0] });
			const inputs = { q: packed(q, K), k: packed(k, K), v: packed(v, V) };
			const gates = { decay: { tensor: perHead(decay), is: 'log' }, beta: perHead(beta) } as const;
			const options = { scale: 0.25 };
			const ours = {
				linear: () => linearAttention(device, inputs, shape, options),
				gated: () => linearAttention(device, { ...inputs, decay: gates.decay }, shape, options),
				delta: () => deltaRule(device, { ...inputs, beta: gates.beta }, shape, options),
				gated_delta: () => gatedDeltaRule(device, { ...inputs, ...gates }, shape, options),
			}[rule]();
			expect(closeness(inTokenOrder(await ours.output()), o!).ratio).toBeLessThan(tolerance);
			expect((await ours.residual(packed(o!, V))).overall).toBeLessThan(tolerance);
			expect(closeness(await ours.finalState(), state!).ratio).toBeLessThan(tolerance);
		},
	);
});
