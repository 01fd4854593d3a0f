import { describe, expect, it } from 'vitest';
import { closeness } from '../common/closeness.ts';
import { memoryShape } from '../common/memory/cases.ts';
import { memoryRows } from '../common/memory/memory-rows.ts';
import { laidOut } from '../common/tensors.ts';
import { cases, randomHybrid } from './cases.ts';
import { hybridAttention, ROUTE, type HybridInputs } from './hybrid-attention.ts';

const shape = { B: 1, H: 2, T: 43, K: 6, softmaxK: 5, V: 4, C: 8 };
const all = (type: number) => new Uint32Array(2 * 6).fill(type);
const output = (inputs: HybridInputs, sizes = shape) =>
	hybridAttention(undefined, inputs, sizes).output();

function plainDelta({ state }: HybridInputs) {
	const rule = { operator: 'plain', erases: true, scale: 1 / Math.sqrt(6) };
	return memoryRows({ inputs: state, shape: memoryShape(1, 2, 43, 6, 4), rule });
}

describe('hybrid attention, reference', () => {
	it('is plain gated delta attention where the state remembers every chunk', async () => {
		const inputs = { ...randomHybrid(shape), types: all(ROUTE.state) };
		const { state } = hybridAttention(undefined, inputs, shape);
		expect(await state.output()).toEqual(await plainDelta(inputs).output());
	});

	it('is plain causal softmax where softmax remembers every chunk', async () => {
		const inputs = { ...randomHybrid(shape), types: all(ROUTE.softmax) };
		const { softmax } = hybridAttention(undefined, inputs, shape);
		const whole = { ...shape, C: 43 };
		const open = { ...inputs, types: new Uint32Array(2) };
		const causal = hybridAttention(undefined, open, whole).softmax;
		expect(await softmax.output()).toEqual(await causal.output());
	});

	it('starts each chunk from a plain state whose β is 0 where softmax remembers', async () => {
		const inputs = randomHybrid(shape);
		const { state } = hybridAttention(undefined, inputs, shape);
		const beta = (inputs.state.beta.data as Float32Array<ArrayBuffer>).map((x, at) =>
			inputs.types[Math.floor(at / 43) * 6 + Math.floor((at % 43) / 8)] === ROUTE.softmax ? 0 : x,
		);
		const masked = {
			...inputs,
			state: { ...inputs.state, beta: { ...inputs.state.beta, data: beta } },
		};
		const after = [8, 16, 24, 32, 40];
		for (const head of [0, 1]) {
			const found = await state.states({ batch: 0, head, after });
			const expected = await plainDelta(masked).states({ batch: 0, head, after });
			found.forEach(({ values }, at) => {
				expect(closeness(values, expected[at]!.values).ratio).toBeLessThan(1e-7);
			});
		}
	});

	it('answers by its rows what it answers by its steps', async () => {
		for (const { shape: sizes, options } of cases.slice(0, 4)) {
			const { state } = hybridAttention(undefined, randomHybrid(sizes), sizes, options);
			const { B, H, T, V } = sizes;
			const given = laidOut(Float32Array.from(await state.output()), 'BHTK', [B, H, T, V]);
			expect((await state.residual(given)).overall).toBeLessThan(1e-7);
		}
	});

	it('does not let a later token change an earlier answer, though it flips its chunk', async () => {
		const inputs = randomHybrid(shape);
		const before = await output(inputs);
		for (const head of [0, 1]) {
			(inputs.state.v.data as Float32Array).fill(9, (head * 43 + 20) * 4, (head + 1) * 43 * 4);
			inputs.types[head * 6 + 2]! ^= 1;
		}
		const after = await output(inputs);
		for (const head of [0, 1]) {
			const part = [head * 43 * 4, (head * 43 + 20) * 4] as const;
			expect(after.slice(...part)).toEqual(before.slice(...part));
		}
		expect(after).not.toEqual(before);
	});

	it('sees as many keys as earlier softmax chunks hold, and its own chunk so far', async () => {
		const inputs = randomHybrid(shape);
		const { softmax } = hybridAttention(undefined, inputs, shape);
		const columns = [0, 43] as const;
		for (const t of [0, 7, 8, 29, 42]) {
			const { values } = await softmax.weights({ batch: 0, head: 1, rows: [t, t + 1], columns });
			const own = Math.floor(t / 8);
			const earlier = inputs.types.subarray(6, 6 + own).filter((type) => type === ROUTE.softmax);
			expect(values.filter((x) => x > 0)).toHaveLength(earlier.length * 8 + (t % 8) + 1);
		}
	});

	it('counts a rollback in the ledger, to the last digit', async () => {
		const inputs = { ...randomHybrid(shape), types: all(ROUTE.softmax) };
		const { state } = hybridAttention(undefined, inputs, shape);
		const ledger = await state.ledger({ batch: 0, head: 0, write: 3, read: 20 });
		expect(ledger.left).toBe(0);
		const taken = [...ledger.faded, ...ledger.erased].reduce((a, x) => a + x, 0);
		expect(Math.abs(ledger.intact - taken)).toBeLessThan(1e-12);
		expect(ledger.erased.subarray(5).every((x) => x === 0)).toBe(true);
	});

	it('keeps account of rows and of the state', () => {
		const types = Uint32Array.of(0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1);
		const { routing } = hybridAttention(undefined, { ...randomHybrid(shape), types }, shape);
		expect(routing({ batch: 0, head: 0 })).toEqual({
			softmaxFraction: 2 / 5,
			rowsKept: 19,
			softmaxElements: 19 * 9,
			stateElements: 24,
		});
		expect(routing({ batch: 0, head: 1 }).rowsKept).toBe(3);
	});

	it.each([
		[new Uint32Array(11), 'types needs 12 elements for B=1 H=2 T=43 chunk=8, got 11'],
		[all(2), 'types holds 0 (softmax) or 1 (state), got 2 at 0'],
	])('names what does not fit (%#)', (types, message) => {
		expect(() => hybridAttention(undefined, { ...randomHybrid(shape), types }, shape)).toThrow(
			message,
		);
	});
});
