import { expect, it } from 'vitest';
import { memoryShape, randomMemory } from '../common/memory/cases.ts';
import { laidOut } from '../common/tensors.ts';
import { deltaRule } from './delta-rule.ts';

const shape = memoryShape(1, 1, 12, 3, 2);
const full = { data: Float32Array.of(1), strides: [0, 0, 0, 0] } as const;

it('returns what was stored last under a unit key, where β = 1', async () => {
	const { k, v } = randomMemory(shape);
	const memory = deltaRule(undefined, { q: k, k, v, beta: full }, shape, { scale: 1 });
	const output = await memory.output();
	const values = v.data as Float32Array;
	output.forEach((x, at) => expect(x).toBeCloseTo(values[at]!, 6));
});

it('keeps its memory where β = 0', async () => {
	const { q, k, v, initial } = randomMemory(shape);
	const beta = { ...full, data: Float32Array.of(0) };
	const memory = deltaRule(undefined, { q, k, v, beta, initial }, shape);
	expect(await memory.finalState()).toEqual(initial.data);
});

it('follows a stored pair until another key takes from it what they share', async () => {
	const two = memoryShape(1, 1, 2, 2, 1);
	const inputs = {
		q: laidOut(Float32Array.of(1, 0, 1, 0), 'BHTK', [1, 1, 2, 2]),
		k: laidOut(Float32Array.of(1, 0, 0.6, 0.8), 'BHTK', [1, 1, 2, 2]),
		v: laidOut(Float32Array.of(1, 1), 'BHTK', [1, 1, 2, 1]),
		beta: full,
	};
	const memory = deltaRule(undefined, inputs, two, { scale: 1 });
	const { returned } = await memory.retention({ batch: 0, head: 0, writes: [0] });
	expect(returned[0]).toBe(1);
	expect(returned[1]).toBeCloseTo(1 - 0.36, 6);
	const { intact, left, faded, erased } = await memory.ledger({
		batch: 0,
		head: 0,
		write: 0,
		read: 1,
	});
	expect(intact).toBe(1);
	expect(Array.from(faded)).toEqual([0]);
	expect(erased[0]).toBeCloseTo(0.36, 6);
	expect(left).toBeCloseTo(0.64, 6);
});

it('is told apart from an additive memory by the sign of its matrix', async () => {
	const { q, k, v, beta } = randomMemory(memoryShape(1, 1, 30, 4, 2));
	const statistics = await deltaRule(
		undefined,
		{ q, k, v, beta },
		memoryShape(1, 1, 30, 4, 2),
	).rowStatistics();
	expect(Math.max(...statistics.negative)).toBeGreaterThan(0.1);
});

it('writes nothing where it is not surprised', async () => {
	const same = { data: Float32Array.of(1, 0, 0), strides: [0, 0, 0, 1] } as const;
	const value = { data: Float32Array.of(3, 4), strides: [0, 0, 0, 1] } as const;
	const inputs = { q: same, k: same, v: value, beta: full };
	const written = await deltaRule(undefined, inputs, shape).written();
	expect(Array.from(written.subarray(0, 2))).toEqual([3, 4]);
	expect(written.subarray(2).every((u) => u === 0)).toBe(true);
});
