import * as ort from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { float, graph, model, node, tensor, value } from '../../test/models/build-model.ts';
import { bytesSource } from './bytes-source.ts';
import { indexModel } from './index-model.ts';
import { applyPlan, planProbes } from './probes.ts';

ort.env.wasm.numThreads = 1;

const [T, D] = [3, 2];
const attributes = { q_num_heads: 1, kv_num_heads: 1, update_rule: 'linear', scale: float(1) };
const linear = node('LinearAttention', ['q', 'k', 'v', '', '', ''], ['o', 'state'], attributes);
const packed = [1, T, D];
const values = [1, 2, 3, 4, 5, 6];
const init = {
	input: [value('q', 'float32', packed)],
	output: [value('y')],
	initializer: [
		tensor('k', packed, [1, 0, 0, 1, 1, 1]),
		tensor('v', packed, values),
		tensor('two', [1], [2]),
	],
};
const opset27 = { opsetImport: [{ domain: '', version: 27n }] };
const bytes = model({ ...init, node: [linear, node('Mul', ['o', 'two'], ['y'])] }, opset27);
const q = new ort.Tensor('float32', Float32Array.from([1, 0, 0, 1, 1, -1]), packed);

/** With every query reading `Σ_j (q_t·k_j) v_j` over the tokens so far. */
const expected = [1, 2, 3, 4, 1 - 3, 2 - 4];

async function run(
	overrides: { tensor: string; dtype: string }[],
	feeds: Record<string, ort.Tensor>,
) {
	const plan = planProbes(await indexModel(bytesSource(bytes)), { taps: [], overrides });
	const session = await ort.InferenceSession.create(applyPlan(bytes, plan));
	const results = await session.run(feeds);
	await session.release();
	const read = (name: string) => Array.from(results[name]?.data as Float32Array);
	return { plan, read };
}

describe('operators of opset 27', () => {
	it('are refused by the runtime as they are', async () => {
		await expect(ort.InferenceSession.create(bytes)).rejects.toThrow(/opset/i);
	});

	it('run once they are moved to the domain where the runtime has them', async () => {
		const { plan, read } = await run([], { q });
		expect(plan.edits.map((edit) => edit.bytes.length)).toEqual([1, 1]);
		expect(read('y')).toEqual(expected.map((x) => 2 * x));
	});

	it('can be overridden while they are moved', async () => {
		const o = new ort.Tensor('float32', Float32Array.from(values), packed);
		const { plan, read } = await run([{ tensor: 'o', dtype: 'float32' }], { q, o });
		expect(read('y')).toEqual(values.map((x) => 2 * x));
		expect(read(plan.outputs[0]!.output)).toEqual(expected);
	});

	it('need not be there: a model is refused for the number alone, and runs with the one before', async () => {
		const plain = model({ ...init, node: [node('Mul', ['q', 'two'], ['y'])] }, opset27);
		await expect(ort.InferenceSession.create(plain)).rejects.toThrow(/opset/i);
		const plan = planProbes(await indexModel(bytesSource(plain)), { taps: [], overrides: [] });
		const session = await ort.InferenceSession.create(applyPlan(plain, plan));
		const { y } = await session.run({ q });
		expect(Array.from(y!.data as Float32Array)).toEqual([2, 0, 0, 2, 2, -2]);
	});

	it('are named where they stand in a body that cannot be changed', async () => {
		const body = graph({ output: [value('o')], node: [linear] });
		const branches = { then_branch: body, else_branch: body };
		const fork = model({ ...init, node: [node('If', ['c'], ['y'], branches)] }, opset27);
		const plan = planProbes(await indexModel(bytesSource(fork)), { taps: [], overrides: [] });
		expect(plan.edits).toEqual([]);
		expect(plan.refused[0]?.reason).toMatch(/LinearAttention "o" .* stands inside a body/);
	});
});
