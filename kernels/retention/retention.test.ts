import { describe, expect, it } from 'vitest';
import { closeness } from '../common/closeness.ts';
import { laidOut } from '../common/tensors.ts';
import { gammaOf, randomRetention } from './cases.ts';
import { retention, type RetentionShape } from './retention.ts';

const shape: RetentionShape = { B: 1, H: 2, keyHeads: 1, T: 12, S: 12, K: 4, V: 3 };

const row = async (normalised: boolean, t: number) => {
	const part = { batch: 0, head: 1, rows: [t, t + 1], columns: [0, 12] } as const;
	const results = retention(undefined, randomRetention(shape), shape, { normalised });
	return (await results.weights(part)).values;
};

describe('retention, reference', () => {
	it('is the recurrence S ← γ S + k vᵀ, o = Sᵀ q', async () => {
		const { q, k, v, table } = randomRetention(shape);
		const [queries, keys, values] = [q, k, v].map(({ data }) => data as Float32Array);
		const expected = new Float64Array(2 * 12 * 3);
		for (let h = 0; h < 2; h++) {
			const state = new Float64Array(4 * 3);
			for (let t = 0; t < 12; t++) {
				for (let d = 0; d < 3; d++) {
					for (let i = 0; i < 4; i++) {
						const at = i * 3 + d;
						state[at] = gammaOf(h) * state[at]! + keys![t * 4 + i]! * values![t * 3 + d]!;
						expected[(h * 12 + t) * 3 + d]! += state[at] * queries![(h * 12 + t) * 4 + i]!;
					}
				}
			}
		}
		const output = await retention(undefined, { q, k, v, table }, shape).output();
		// Measured 2.8e-8: the output and the table are float32
		expect(closeness(output, expected).ratio).toBeLessThan(3e-7);
	});

	it('divides a row by the size of its sum where that is above 1, and leaves it where not', async () => {
		const sums: number[] = [];
		for (let t = 0; t < 12; t++) {
			const [plain, divided] = [await row(false, t), await row(true, t)];
			const sum = plain.reduce((a, x) => a + x, 0);
			sums.push(Math.abs(sum));
			const expected = plain.map((x) => x / Math.max(1, Math.abs(sum)));
			expect(closeness(divided, expected).ratio).toBeLessThan(1e-6);
		}
		// both happen
		expect(Math.min(...sums)).toBeLessThan(1);
		expect(Math.max(...sums)).toBeGreaterThan(1);
	});

	it('sees no later token when it is called causal, and the same as the table when that hides them', async () => {
		const inputs = randomRetention(shape);
		const plain = await retention(undefined, inputs, shape).output();
		expect(await retention(undefined, inputs, shape, { causal: true }).output()).toEqual(plain);
		const open = { ...inputs, table: { data: Float32Array.of(1), strides: [0, 0, 0, 0] } } as const;
		const [causal, all] = [true, false].map((each) =>
			retention(undefined, open, shape, { causal: each }),
		);
		const last = { batch: 0, head: 0, rows: [3, 4], columns: [4, 12] } as const;
		expect((await causal!.weights(last)).values.every((x) => x === 0)).toBe(true);
		expect((await all!.weights(last)).values.some((x) => x !== 0)).toBe(true);
	});

	it('is linear in the values', async () => {
		const inputs = randomRetention(shape);
		const v = { ...inputs.v, data: inputs.v.data.map((x) => 4 * x) };
		const once = await retention(undefined, inputs, shape).output();
		const louder = await retention(undefined, { ...inputs, v }, shape).output();
		expect(louder).toEqual(once.map((x) => 4 * x));
	});

	it('gives its own output no residual', async () => {
		const results = retention(undefined, randomRetention(shape), shape, { normalised: true });
		const given = laidOut(Float32Array.from(await results.output()), 'BHTK', [1, 2, 12, 3]);
		expect((await results.residual(given)).overall).toBeLessThan(1e-7);
	});

	it.each([
		[{ ...shape, keyHeads: 3 }, {}, 'H=2 heads cannot share keyHeads=3 evenly'],
		[{ ...shape, T: 0 }, {}, 'T must be a whole number above 0, got 0'],
		[{ ...shape, S: 13 }, {}, 'k as [1, 1, 13, 4]'],
		[shape, { scale: NaN }, 'scale must be finite, got NaN'],
	])('names what does not fit (%#)', (wrong, options, message) => {
		expect(() => retention(undefined, randomRetention(shape), wrong, options)).toThrow(message);
	});
});
