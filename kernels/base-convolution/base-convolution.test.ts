import { expect, it } from 'vitest';
import { laidOut } from '../common/tensors.ts';
import { baseConvolution } from './base-convolution.ts';
import { randomInputs, shapes } from './cases.ts';

const shape = { B: 1, D: 2, T: 9, L: 3 };
const one = { data: Float32Array.of(1), strides: [0, 0, 0, 0] } as const;

it('doubles its input with a filter of one tap and a gate of 1', async () => {
	const { u } = randomInputs(shape);
	const filter = { data: Float32Array.of(1, 0, 0), strides: [0, 0, 1, 0] } as const;
	const output = await baseConvolution(undefined, { u, filter, gate: one }, shape).output();
	output.forEach((x, at) => {
		expect(x).toBeCloseTo(2 * u.data[(at % 9) * 2 + Math.floor(at / 9)]!, 6);
	});
});

it('shifts by as many tokens as its tap is old', async () => {
	const { u } = randomInputs(shape);
	const filter = { data: Float32Array.of(0, 0, 1), strides: [0, 0, 1, 0] } as const;
	const convolution = baseConvolution(undefined, { u, filter }, shape, { residual: false });
	const output = await convolution.output();
	expect(Array.from(output.subarray(0, 9))).toEqual([
		...[0, 0],
		...Array.from({ length: 7 }, (_, t) => u.data[t * 2]!),
	]);
	const { distance } = await convolution.rowStatistics();
	expect(Array.from(distance.subarray(0, 4))).toEqual([0, 0, 2, 2]);
});

it('answers by its rows and its bias what it answers by its sum', async () => {
	for (const each of shapes.slice(0, 3)) {
		const convolution = baseConvolution(undefined, randomInputs(each), each);
		const { B, D, T } = each;
		const given = laidOut(Float32Array.from(await convolution.output()), 'BHTK', [B, D, T, 1]);
		expect((await convolution.residual(given)).overall).toBeLessThan(1e-7);
	}
});

it('does not let a later token change an earlier answer', async () => {
	const inputs = randomInputs(shape);
	const before = (await baseConvolution(undefined, inputs, shape).output()).slice(0, 5);
	inputs.u.data.fill(100, 5 * 2);
	const after = (await baseConvolution(undefined, inputs, shape).output()).slice(0, 5);
	expect(after).toEqual(before);
});

it('names the input that does not fit', () => {
	const inputs = randomInputs(shape);
	expect(() => baseConvolution(undefined, inputs, { ...shape, L: 4 })).toThrow(
		/filter as \[1, 2, 4, 1\] .* needs 7 elements, got 6/,
	);
});

it('reads the weight of a Conv, oldest tap first', async () => {
	const { u } = randomInputs(shape);
	const filter = (...taps: number[]) =>
		({ data: Float32Array.from(taps), strides: [0, 0, 1, 0] }) as const;
	const one = baseConvolution(undefined, { u, filter: filter(1, 2, 3) }, shape);
	const other = baseConvolution(undefined, { u, filter: filter(3, 2, 1) }, shape, {
		taps: 'oldest-first',
	});
	expect(await other.output()).toEqual(await one.output());
});
