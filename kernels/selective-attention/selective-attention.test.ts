import { expect, it } from 'vitest';
import { randomSelective } from './cases.ts';
import { selectiveAttention, type SelectiveOptions } from './selective-attention.ts';

const shape = { B: 1, H: 2, T: 20, K: 4, V: 3 };
const all = { batch: 0, head: 1, rows: [0, 20], columns: [0, 20] } as const;
const rows = async (options: SelectiveOptions, selector?: number) => {
	const inputs = randomSelective(shape);
	if (selector !== undefined) inputs.selector.data.fill(selector);
	const { values } = await selectiveAttention(undefined, inputs, shape, options).weights(all);
	return Array.from({ length: 20 }, (_, t) => Array.from(values.subarray(t * 20, (t + 1) * 20)));
};
const sum = (values: readonly number[]) => values.reduce((a, x) => a + x, 0);

it('is attention where every selector is 1, and nothing where it is 0', async () => {
	for (const row of await rows({ choice: { by: 'all' } }, 1)) expect(sum(row)).toBeCloseTo(1, 6);
	for (const row of await rows({ choice: { by: 'all' } }, 0)) expect(sum(row)).toBe(0);
});

it('gives each row its selector as its mass', async () => {
	const { selector } = randomSelective(shape);
	(await rows({ choice: { by: 'all' } })).forEach((row, t) => {
		expect(sum(row)).toBeCloseTo(selector.data[t]!, 6);
	});
});

it('lets the k tokens attend that select themselves most, and of equals the earlier', async () => {
	const { selector } = randomSelective(shape);
	const best = Array.from(selector.data)
		.sort((a, b) => b - a)
		.slice(0, 5);
	(await rows({ choice: { by: 'top', count: 5 } })).forEach((row, t) => {
		expect(sum(row) > 0).toBe(best.includes(selector.data[t]!));
	});
	const equal = await rows({ choice: { by: 'top', count: 3 } }, 0.5);
	expect(equal.map((row) => sum(row) > 0)).toEqual(Array.from({ length: 20 }, (_, t) => t < 3));
});

it('is dense local attention where every token is chosen', async () => {
	const local = { window: 4, weigh: 'softmax' } as const;
	(await rows({ choice: { by: 'all' }, local }, 1)).forEach((row, t) => {
		expect(row.map((x) => x > 0)).toEqual(row.map((_, j) => j <= t && j > t - 4));
		expect(sum(row)).toBeCloseTo(1, 6);
	});
});

it('counts its window in chosen tokens, and sees no others', async () => {
	const { selector } = randomSelective(shape);
	const chosen = Array.from(selector.data).flatMap((f, t) => (f > 0.5 ? [t] : []));
	const local = { window: 3, weigh: 'softmax' } as const;
	const found = await rows({ choice: { by: 'threshold', above: 0.5 }, local });
	chosen.forEach((t, at) => {
		const seen = found[t]!.flatMap((x, j) => (x > 0 ? [j] : []));
		expect(seen).toEqual(chosen.slice(Math.max(0, at - 2), at + 1));
	});
});

it('weighs by the squared ReLU without normalising', async () => {
	const inputs = randomSelective(shape);
	const options = {
		choice: { by: 'all' },
		scale: 0.5,
		local: { window: 20, weigh: 'relu2', bias: 0.25 },
	} as const;
	const { values } = await selectiveAttention(undefined, inputs, shape, options).weights(all);
	const [q, k] = [inputs.q.data, inputs.k.data] as readonly Float32Array[];
	let product = 0;
	for (let i = 0; i < 4; i++) product += q![(20 + 9) * 4 + i]! * k![(20 + 2) * 4 + i]!;
	const expected = inputs.selector.data[9]! * Math.max(0.5 * product + 0.25, 0) ** 2;
	expect(values[9 * 20 + 2]).toBeCloseTo(expected, 6);
});

it.each([
	[
		{ choice: { by: 'top', count: 0 } },
		'the number of chosen tokens must be a whole number above 0',
	],
	[{ choice: { by: 'threshold', above: NaN } }, 'the threshold must be finite, got NaN'],
] as const)('names an option that does not fit (%#)', (options, message) => {
	expect(() => selectiveAttention(undefined, randomSelective(shape), shape, options)).toThrow(
		message,
	);
});
