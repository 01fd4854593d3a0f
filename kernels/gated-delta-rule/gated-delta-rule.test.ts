import { describe, expect, it } from 'vitest';
import { closeness } from '../common/closeness.ts';
import { memoryShape, nameOf, randomMemory } from '../common/memory/cases.ts';
import { headReader, memorySteps } from '../common/memory/memory-reference.ts';
import { contiguous, laidOut } from '../common/tensors.ts';
import { gatedDeltaChunks } from './chunk-reference.ts';
import { gatedDeltaRule, type GatedDeltaInputs } from './gated-delta-rule.ts';

const shape = memoryShape(1, 2, 50, 6, 4);

function randomInputs(seed = 42, sizes = shape) {
	const { q, k, v, beta, decay } = randomMemory(sizes, seed);
	return { q, k, v, beta, decay: { tensor: decay, is: 'factor' } } as const;
}

/** The same key, almost, for every token, written with full strength. */
function correlated(): GatedDeltaInputs {
	const inputs = randomInputs();
	const k = randomMemory(shape, 9).k.data;
	const first = k.slice(0, shape.K);
	const close = k.map((x, at) => 0.95 * first[at % shape.K]! + 0.05 * x);
	const beta = new Float32Array(2 * 50).fill(1);
	return {
		...inputs,
		k: laidOut(close, 'BHTK', [1, 2, 50, 6]),
		beta: laidOut(beta, 'BHTK', [1, 2, 50, 1]),
	};
}

const reader = (inputs: GatedDeltaInputs, head: number) =>
	headReader(inputs, shape, { operator: 'gated-delta-rule', erases: true, scale: 0.5 }, 0, head);

describe('gated delta rule, reference', () => {
	it.each([1, 7, 16, 50, 64])('steps and chunks of %i tokens give one output', (C) => {
		for (const inputs of [randomInputs(), correlated()]) {
			const { K, T, V } = shape;
			const states = new Map<number, Float64Array>();
			const writes: number[] = [];
			const steps = memorySteps(reader(inputs, 1), true, shape, Infinity, (after, state, u) => {
				states.set(after, state.slice());
				if (after > 0) writes.push(...u);
			});
			const chunks = gatedDeltaChunks(reader(inputs, 1), { T, K, V, C }, (after, state) => {
				const flat = state.flatMap((row) => Array.from(row));
				expect(closeness(flat, states.get(after)!).ratio).toBeLessThan(1e-12);
			});
			expect(closeness(chunks.output, steps).ratio).toBeLessThan(1e-12);
			expect(closeness(chunks.u, writes).ratio).toBeLessThan(1e-12);
		}
	});

	it('recalls stored values exactly while keys are orthogonal', async () => {
		const one = memoryShape(1, 1, 3, 2, 1);
		const ones = { data: Float32Array.of(1, 1, 1), strides: [0, 0, 1, 0] } as const;
		const inputs = {
			q: laidOut(Float32Array.of(0, 0, 0, 0, 1, 0), 'BHTK', [1, 1, 3, 2]),
			k: laidOut(Float32Array.of(1, 0, 0, 1, 0, 1), 'BHTK', [1, 1, 3, 2]),
			v: laidOut(Float32Array.of(7, 9, 5), 'BHTK', [1, 1, 3, 1]),
			beta: ones,
			decay: { tensor: ones, is: 'factor' },
		} as const;
		const memory = gatedDeltaRule(undefined, inputs, one, { scale: 1 });
		expect(Array.from(await memory.output())).toEqual([0, 0, 7]);
		const [state] = await memory.states({ batch: 0, head: 0, after: [3] });
		expect(Array.from(state!.values)).toEqual([7, 5]);
	});

	it('keeps only the newest value of a key that is written twice', async () => {
		const row = await gatedDeltaRule(undefined, sameKey(), memoryShape(1, 1, 3, 2, 1)).weights({
			batch: 0,
			head: 0,
			rows: [2, 3],
			columns: [0, 3],
		});
		expect(Array.from(row.values)).toEqual([0, 0, 1]);
	});

	it('accounts for every part of what is missing, in decay and in erasing', async () => {
		for (const inputs of [randomInputs(), correlated()]) {
			const memory = gatedDeltaRule(undefined, inputs, shape);
			const { intact, left, faded, erased } = await memory.ledger({
				...{ batch: 0, head: 1, write: 3, read: 49 },
			});
			const taken = [...faded, ...erased].reduce((a, x) => a + x, 0);
			expect(Math.abs(intact - left - taken)).toBeLessThan(1e-12);
			const part = { batch: 0, head: 1, rows: [49, 50], columns: [3, 4] } as const;
			expect((await memory.weights(part)).values[0]).toBeCloseTo(left, 7);
		}
	});

	it('gives in two halves, with the state carried, what one call gives', async () => {
		const inputs = randomInputs();
		const whole = await gatedDeltaRule(undefined, inputs, shape).output();
		const half = (from: number, T: number) => {
			const cut = <Tensor extends { strides: readonly [number, number, number, number] }>(
				tensor: Tensor,
			) => ({ ...tensor, offset: from * tensor.strides[2] });
			return {
				inputs: {
					q: cut(inputs.q),
					k: cut(inputs.k),
					v: cut(inputs.v),
					beta: cut(inputs.beta),
					decay: { ...inputs.decay, tensor: cut(inputs.decay.tensor) },
				},
				shape: { ...shape, T },
			};
		};
		const first = half(0, 21);
		const state = await gatedDeltaRule(undefined, first.inputs, first.shape).finalState();
		const initial = { data: state, strides: contiguous('BHTK', [1, 2, 6, 4]) };
		const second = half(21, 29);
		const resumed = gatedDeltaRule(undefined, { ...second.inputs, initial }, second.shape);
		const output = await resumed.output();
		for (let h = 0; h < 2; h++) {
			const part = whole.subarray((h * 50 + 21) * 4, (h + 1) * 50 * 4);
			const { ratio } = closeness(output.subarray(h * 29 * 4, (h + 1) * 29 * 4), part);
			expect(ratio).toBeLessThan(1e-6);
		}
		const given = laidOut(Float32Array.from(output), 'BHTK', [1, 2, 29, 4]);
		expect((await resumed.residual(given)).overall).toBeLessThan(1e-6);
	});

	it('does not let a later token change an earlier answer', async () => {
		const inputs = randomInputs();
		const before = (await gatedDeltaRule(undefined, inputs, shape).output()).slice(0, 30 * 4);
		(inputs.v.data as Float32Array).fill(100, 30 * 4, 50 * 4);
		inputs.beta.data.fill(1, 30, 50);
		const after = (await gatedDeltaRule(undefined, inputs, shape).output()).slice(0, 30 * 4);
		expect(after).toEqual(before);
	});

	it('is linear in the values', async () => {
		const inputs = randomInputs();
		const v = { ...inputs.v, data: inputs.v.data.map((x) => 4 * x) };
		const once = await gatedDeltaRule(undefined, inputs, shape).output();
		const louder = await gatedDeltaRule(undefined, { ...inputs, v }, shape).output();
		expect(louder).toEqual(once.map((x) => 4 * x));
	});

	it('reads a decay as a factor or as its logarithm', async () => {
		const inputs = randomInputs();
		const { tensor } = inputs.decay;
		const log = { tensor: { ...tensor, data: tensor.data.map(Math.log) }, is: 'log' } as const;
		const one = await gatedDeltaRule(undefined, inputs, shape).output();
		const other = await gatedDeltaRule(undefined, { ...inputs, decay: log }, shape).output();
		expect(closeness(other, one).ratio).toBeLessThan(1e-6);
	});

	it.each([
		[{ ...shape, T: 51 }, /q as \[1, 2, 51, 6\] .* needs 606 elements, got 600/],
		[{ ...shape, keyHeads: 3 }, /H=2 heads cannot share keyHeads=3 evenly/],
	])(`names what does not fit ${nameOf(shape)} (%#)`, (wrong, message) => {
		expect(() => gatedDeltaRule(undefined, randomInputs(), wrong)).toThrow(message);
	});

	it('names a time that is not there', async () => {
		const memory = gatedDeltaRule(undefined, randomInputs(), shape);
		await expect(memory.states({ batch: 0, head: 0, after: [51] })).rejects.toThrow(
			'after goes from 0 to 50, got 51',
		);
		await expect(memory.ledger({ batch: 0, head: 0, write: 9, read: 8 })).rejects.toThrow(
			'write goes from 0 to 8, got 9',
		);
	});
});

function sameKey(): GatedDeltaInputs {
	const ones = { data: Float32Array.of(1, 1, 1), strides: [0, 0, 1, 0] } as const;
	return {
		q: laidOut(Float32Array.of(1, 0, 1, 0, Math.SQRT2, 0), 'BHTK', [1, 1, 3, 2]),
		k: laidOut(Float32Array.of(1, 0, 1, 0, 1, 0), 'BHTK', [1, 1, 3, 2]),
		v: laidOut(Float32Array.of(7, 9, 5), 'BHTK', [1, 1, 3, 1]),
		beta: ones,
		decay: { tensor: ones, is: 'factor' },
	};
}
