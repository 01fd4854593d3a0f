import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web';
import { beforeAll, describe, expect, it } from 'vitest';
import { graph, model, node, tensor, value } from '../../test/models/build-model.ts';
import type { ProbePlan, ProbeRequest } from '../protocol/messages.ts';
import { bytesSource } from './bytes-source.ts';
import { indexModel } from './index-model.ts';
import { applyPlan, planProbes } from './probes.ts';

ort.env.wasm.numThreads = 1;

type Feeds = Record<string, ort.Tensor>;

async function plan(bytes: Uint8Array, request: Partial<ProbeRequest>): Promise<ProbePlan> {
	const index = await indexModel(bytesSource(bytes));
	return planProbes(index, { taps: [], overrides: [], ...request });
}

async function run(bytes: Uint8Array, feeds: Feeds): Promise<Record<string, ort.Tensor>> {
	const session = await ort.InferenceSession.create(bytes);
	try {
		return await session.run(feeds);
	} finally {
		await session.release();
	}
}

const floats = (values: readonly number[], dims = [1, values.length]) =>
	new ort.Tensor('float32', Float32Array.from(values), dims);
const numbers = (held: ort.Tensor | undefined) => Array.from(held!.data as Float32Array);
const refusal = ({ refused }: ProbePlan) => refused[0]?.reason;

describe('on the sample', () => {
	const bytes = new Uint8Array(readFileSync('samples/mqar-softmax/model.onnx'));
	const weights = '/layers.1/mixer/Softmax_output_0';
	const prompt = JSON.parse(readFileSync('samples/mqar-softmax/prompt.json', 'utf8')) as {
		inputs: { input_ids: { shape: number[]; data: number[] } };
	};
	const { shape, data } = prompt.inputs.input_ids;
	const input_ids = new ort.Tensor('int64', BigInt64Array.from(data, BigInt), shape);
	let logits: number[] = [];
	let attention: ort.Tensor;

	beforeAll(async () => {
		logits = numbers((await run(bytes, { input_ids }))['logits']);
	});

	it('reads a tensor for a few dozen bytes', async () => {
		const tapped = await plan(bytes, { taps: [weights] });
		expect(tapped.edits).toEqual([]);
		expect(tapped.costBytes).toBeLessThan(64);
		const results = await run(applyPlan(bytes, tapped), { input_ids });
		expect(numbers(results['logits'])).toEqual(logits);
		attention = results[weights]!;
		const T = shape[1]!;
		expect(attention.dims.slice(2)).toEqual([T, T]);
		const row = numbers(attention).slice(0, T);
		expect(row.reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 5);
	});

	it('fed back what it computed, the model answers the same to the last bit', async () => {
		const overriding = await plan(bytes, { overrides: [{ tensor: weights, dtype: 'float32' }] });
		expect(overriding.edits.map((edit) => edit.bytes.length)).toEqual([1]);
		const results = await run(applyPlan(bytes, overriding), { input_ids, [weights]: attention });
		expect(numbers(results['logits'])).toEqual(logits);
		const own = overriding.outputs.find(({ tensor }) => tensor === weights)!.output;
		expect(own).toHaveLength(weights.length);
		expect(numbers(results[own])).toEqual(numbers(attention));
	});

	it('with one head set to nothing, the answer changes', async () => {
		const overriding = await plan(bytes, { overrides: [{ tensor: weights, dtype: 'float32' }] });
		const knockedOut = Float32Array.from(numbers(attention));
		knockedOut.fill(0, 0, shape[1]! ** 2);
		const replaced = new ort.Tensor('float32', knockedOut, attention.dims);
		const results = await run(applyPlan(bytes, overriding), { input_ids, [weights]: replaced });
		const changed = numbers(results['logits']).map((x, i) => Math.abs(x - logits[i]!));
		expect(Math.max(...changed)).toBeGreaterThan(0.1);
	});
});

describe('on x·w + w', () => {
	const nodes = [node('Mul', ['x', 'w'], ['h']), node('Add', ['h', 'w'], ['y'])];
	const bytes = model({
		input: [value('x', 'float32', ['n', 4])],
		output: [value('y', 'float32', ['n', 4])],
		initializer: [tensor('w', [4], [1, 2, 3, 4])],
		node: nodes,
	});
	const x = floats([1, 1, 1, 1]);
	const override = (name: string) => ({ overrides: [{ tensor: name, dtype: 'float32' }] });

	it.each(['x', 'w', 'h', 'y'])('reads %s, be it input, weight, value or output', async (name) => {
		const tapped = await plan(bytes, { taps: [name, name] });
		expect(tapped.outputs).toEqual([{ tensor: name, output: name }]);
		const results = await run(applyPlan(bytes, tapped), { x });
		const all = { x: [1, 1, 1, 1], w: [1, 2, 3, 4], h: [1, 2, 3, 4], y: [2, 4, 6, 8] };
		expect(numbers(results[name])).toEqual(all[name as keyof typeof all]);
	});

	it('needs no byte to read what is an output already', async () => {
		expect((await plan(bytes, { taps: ['y'] })).costBytes).toBe(0);
	});

	it.each([
		['x', [10, 20, 30, 40]],
		['w', [18, 18, 18, 18]],
		['h', [10, 11, 12, 13]],
		['y', [9, 9, 9, 9]],
	])('replaces %s by nines', async (name, y) => {
		const overriding = await plan(bytes, override(name));
		const nines = name === 'w' ? floats([9, 9, 9, 9], [4]) : floats([9, 9, 9, 9]);
		const results = await run(applyPlan(bytes, overriding), { x, [name]: nines });
		expect(numbers(results['y'])).toEqual(y);
	});

	it('hands out its own value beside the one that it was given', async () => {
		const overriding = await plan(bytes, { ...override('h'), taps: ['h'] });
		expect(overriding.outputs).toHaveLength(1);
		const results = await run(applyPlan(bytes, overriding), { x, h: floats([9, 9, 9, 9]) });
		expect(numbers(results[overriding.outputs[0]!.output])).toEqual([1, 2, 3, 4]);
	});

	it('takes names for its own value that no tensor has', async () => {
		const crowded = model({
			input: [value('a')],
			output: [value('d')],
			node: [
				node('Neg', ['a'], ['b']),
				node('Neg', ['b'], ['c']),
				node('Neg', ['c'], ['_']),
				node('Neg', ['_'], ['d']),
			],
		});
		const request = [override('b'), override('c')].flatMap(({ overrides }) => overrides);
		const { outputs } = await plan(crowded, { overrides: request });
		const names = new Set([...outputs.map(({ output }) => output), 'a', 'b', 'c', 'd', '_']);
		expect(names.size).toBe(7);
	});

	it('replaces what has a declared shape and is read inside a body', async () => {
		const body = graph({ output: [value('z')], node: [node('Neg', ['h'], ['z'])] });
		const branching = model({
			input: [value('x', 'float32', [1, 4]), value('c', 'bool', [])],
			output: [value('y', 'float32', [1, 4])],
			valueInfo: [value('h', 'float32', [1, 4])],
			node: [
				node('Abs', ['x'], ['h']),
				node('If', ['c'], ['y'], { then_branch: body, else_branch: body }),
			],
		});
		const overriding = await plan(branching, override('h'));
		const c = new ort.Tensor('bool', [true], []);
		const h = floats([9, 9, 9, 9]);
		const results = await run(applyPlan(branching, overriding), { x, c, h });
		expect(numbers(results['y'])).toEqual([-9, -9, -9, -9]);
	});

	it('refuses what it cannot reach, with the reason', async () => {
		expect(refusal(await plan(bytes, { taps: ['nothing'] }))).toMatch(/no tensor of this name/);
		const wrong = await plan(bytes, { overrides: [{ tensor: 'y', dtype: 'int64' }] });
		expect(refusal(wrong)).toMatch(/declares it as float32, so int64 cannot/);
		const odd = await plan(bytes, { overrides: [{ tensor: 'h', dtype: 'real' }] });
		expect(refusal(odd)).toMatch(/"real" is no element type/);
		const twice = model({ node: [...nodes, node('Neg', ['x'], ['h'])] });
		expect(refusal(await plan(twice, { taps: ['h'] }))).toMatch(/More than one node/);
		const listed = model({ node: [node('SplitToSequence', ['x'], ['parts'])] });
		expect(refusal(await plan(listed, { taps: ['parts'] }))).toMatch(/sequence/);
	});

	it('says in which body or function a tensor is out of reach', async () => {
		const body = graph({ output: [value('inner')], node: [node('Neg', ['x'], ['inner'])] });
		const branching = model(
			{
				input: [value('x'), value('c', 'bool', [])],
				node: [
					node('If', ['c'], ['y'], { then_branch: body, else_branch: body }, { name: 'fork' }),
				],
			},
			{ functions: [{ domain: 'my.layers', name: 'Mixer', node: [node('Neg', ['p'], ['q'])] }] },
		);
		expect(refusal(await plan(branching, { taps: ['inner'] }))).toMatch(
			/inside the then_branch of If "fork"/,
		);
		expect(refusal(await plan(branching, { taps: ['q'] }))).toMatch(
			/inside the local function my.layers::Mixer/,
		);
	});
});
