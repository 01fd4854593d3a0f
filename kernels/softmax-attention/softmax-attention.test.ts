import { describe, expect, it } from 'vitest';
import { laidOut } from '../common/tensors.ts';
import { cases, randomInputs } from './cases.ts';
import { softmaxAttentionReference } from './reference.ts';
import { softmaxAttention, type SoftmaxShape } from './softmax-attention.ts';

const shape: SoftmaxShape = { B: 2, H: 4, keyHeads: 2, T: 9, S: 9, K: 3, V: 2 };
const sum = (values: Iterable<number>) => Array.from(values).reduce((a, b) => a + b, 0);

describe('softmax attention, reference', () => {
	it.each(cases.filter(({ shape: { T } }) => T < 100).map((each) => [each.name, each] as const))(
		'has rows that sum to 1, or see nothing: %s',
		(_name, each) => {
			const plain = randomInputs(each.shape);
			const inputs = each.change?.(plain, each.shape) ?? plain;
			const row = softmaxAttentionReference(inputs, each.shape, each.options);
			for (let t = 0; t < each.shape.T; t++) {
				const weights = row(0, 0, t);
				expect(Math.min(...weights)).toBeGreaterThanOrEqual(0);
				const total = sum(weights);
				if (each.name.includes('empty') && t === 0) expect(total).toBe(0);
				else if (each.name.includes('sink')) expect(total).toBeLessThan(1);
				else expect(total).toBeCloseTo(1, 12);
			}
		},
	);

	it('weighs two keys as the sigmoid of the difference of their scores', () => {
		const two = { B: 1, H: 1, keyHeads: 1, T: 1, S: 2, K: 1, V: 1 };
		const inputs = {
			q: laidOut(Float32Array.of(2), 'BHTK', [1, 1, 1, 1]),
			k: laidOut(Float32Array.of(3, 1), 'BHTK', [1, 1, 2, 1]),
			v: laidOut(Float32Array.of(0, 0), 'BHTK', [1, 1, 2, 1]),
		};
		const [first] = softmaxAttentionReference(inputs, two)(0, 0, 0);
		expect(first).toBeCloseTo(1 / (1 + Math.exp(-4)), 14);
	});

	it('does not let a later token change an earlier row', () => {
		const inputs = randomInputs(shape);
		const before = softmaxAttentionReference(inputs, shape, { causal: true })(1, 3, 4);
		for (let head = 0; head < 4; head++)
			inputs.k.data.fill(100, head * 27 + 5 * 3, (head + 1) * 27);
		expect(softmaxAttentionReference(inputs, shape, { causal: true })(1, 3, 4)).toEqual(before);
	});

	it('moves a weight with its key', () => {
		const inputs = randomInputs(shape);
		const moved = { ...inputs, k: { ...inputs.k, data: inputs.k.data.slice() } };
		for (let j = 0; j < 9; j++) {
			for (let i = 0; i < 3; i++) moved.k.data[j * 3 + i] = inputs.k.data[(8 - j) * 3 + i]!;
		}
		const before = softmaxAttentionReference(inputs, shape)(0, 1, 2);
		const after = softmaxAttentionReference(moved, shape)(0, 1, 2);
		after.reverse().forEach((weight, j) => expect(weight).toBeCloseTo(before[j]!, 14));
	});

	it('is linear in the values', async () => {
		const inputs = randomInputs(shape);
		const twice = { ...inputs, v: { ...inputs.v, data: inputs.v.data.map((x) => 2 * x) } };
		const once = await softmaxAttention(undefined, inputs, shape).output();
		expect(await softmaxAttention(undefined, twice, shape).output()).toEqual(
			once.map((x) => 2 * x),
		);
	});

	it('sees with a past what a longer call sees', () => {
		const inputs = randomInputs(shape);
		const late = { ...inputs.q, offset: 6 * 3 };
		const whole = softmaxAttentionReference(inputs, shape, { causal: true });
		const part = softmaxAttentionReference(
			{ ...inputs, q: late },
			{ ...shape, T: 3 },
			{ causal: true, queryOffset: 6 },
		);
		expect(part(1, 2, 1)).toEqual(whole(1, 2, 7));
	});

	it('has the statistics of its own matrix', async () => {
		const attention = softmaxAttention(undefined, randomInputs(shape), shape, { causal: true });
		const { values } = await attention.weights({
			batch: 0,
			head: 2,
			rows: [6, 7],
			columns: [0, 9],
		});
		const found = await attention.rowStatistics();
		const at = 2 * 9 + 6;
		const weights = Array.from(values);
		expect(found.entropy[at]).toBeCloseTo(
			-sum(weights.map((p) => (p > 0 ? p * Math.log(p) : 0))),
			6,
		);
		expect(found.largest[at]).toBe(Math.max(...weights));
		expect(found.largestAt[at]).toBe(weights.indexOf(Math.max(...weights)));
		expect(found.self[at]).toBeCloseTo(weights[6]!, 6);
		expect(found.distance[at]).toBeCloseTo(sum(weights.map((p, j) => p * Math.abs(6 - j))), 6);
		expect(found.negative[at]).toBe(0);
	});

	it.each([
		[{ ...shape, keyHeads: 3 }, {}, /H=4 query heads cannot share keyHeads=3/],
		[{ ...shape, S: 10 }, {}, /k as \[2, 2, 10, 3\] .* needs 111 elements, got 108/],
		[{ ...shape, T: 0 }, {}, /T must be a whole number above 0, got 0/],
		[shape, { window: 0 }, /window must be a whole number above 0, got 0/],
		[shape, { slopes: new Float32Array(3) }, /slopes needs H=4 elements, got 3/],
	])('names what does not fit (%#)', (wrong, options, message) => {
		expect(() => softmaxAttention(undefined, randomInputs(shape), wrong, options)).toThrow(message);
	});

	it('names a rectangle that leaves the matrix', async () => {
		const attention = softmaxAttention(undefined, randomInputs(shape), shape);
		const rectangle = { batch: 0, head: 4, rows: [0, 1], columns: [0, 9] } as const;
		await expect(attention.weights(rectangle)).rejects.toThrow('head goes from 0 to 3, got 4');
		await expect(attention.weights({ ...rectangle, head: 0, rows: [3, 3] })).rejects.toThrow(
			'rows must be a part of [0, 9) that is not empty, got [3, 3)',
		);
	});
});
