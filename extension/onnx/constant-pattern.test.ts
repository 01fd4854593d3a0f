import { describe, expect, it } from 'vitest';
import { model, node, tensor, value } from '../../test/models/build-model.ts';
import { bytesSource } from './bytes-source.ts';
import { indexModel } from './index-model.ts';

const SIZE = 512;

async function patternIn(
	dims: readonly number[],
	element: (t: number, s: number) => number,
	dtype: 'float32' | 'bool' | 'uint8' | 'int64' = 'float32',
) {
	const columns = dims.at(-1)!;
	const count = dims.reduce((a, b) => a * b, 1);
	const values = Array.from({ length: count }, (_, i) =>
		element(Math.floor(i / columns), i % columns),
	);
	const bytes = model({
		input: [value('x')],
		initializer: [tensor('m', dims, values, dtype), tensor('after', [1], [7])],
		node: [node('Add', ['x', 'm'], ['y'])],
	});
	const index = await indexModel(bytesSource(bytes));
	expect(index.graph.initializers.get('after')?.values).toEqual([7]);
	return { ...index.graph.initializers.get('m'), bytesRead: index.bytesRead };
}

describe('a large constant', () => {
	it.each(['bool', 'uint8', 'float32'] as const)('of %s may be a triangle', async (dtype) => {
		const found = await patternIn([1, 1, SIZE, SIZE], (t, s) => Number(s <= t), dtype);
		expect(found).toMatchObject({
			values: null,
			pattern: { kind: 'band', inside: 1, outside: 0, high: 0, low: null },
		});
	});

	it('may be what lies far enough before each row, above which all is one number', async () => {
		const window = await patternIn([SIZE, SIZE], (t, s) => Number(t - s < 16), 'bool');
		expect(window.pattern).toEqual({ kind: 'band', inside: 0, outside: 1, high: -16, low: null });
	});

	it('may be a step in its last row alone, which is no band', async () => {
		const { pattern } = await patternIn([SIZE, SIZE], (t, s) => Number(t === SIZE - 1 && s < 9));
		expect(pattern).toBeUndefined();
	});

	it('may hide what is later by minus infinity', async () => {
		const { pattern } = await patternIn([SIZE, SIZE], (t, s) => (s <= t ? 0 : -Infinity));
		expect(pattern).toEqual({ kind: 'band', inside: 0, outside: -Infinity, high: 0, low: null });
	});

	it('may be a band: keys so far before a query are hidden too', async () => {
		const { pattern } = await patternIn(
			[SIZE, SIZE],
			(t, s) => Number(s <= t && s > t - 64),
			'bool',
		);
		expect(pattern).toEqual({ kind: 'band', inside: 1, outside: 0, high: 0, low: -63 });
	});

	it('may be one number everywhere', async () => {
		const { pattern } = await patternIn([8, 20, 20], () => 3);
		expect(pattern).toEqual({ kind: 'fill', value: 3 });
	});

	it('is not taken for one number where a row between those looked at differs', async () => {
		const { pattern } = await patternIn([64, 20, 20], (t) => Number(t === 777));
		expect(pattern).toBeUndefined();
	});

	it('may count', async () => {
		const { pattern } = await patternIn([1, 2048], (_, s) => s, 'int64');
		expect(pattern).toEqual({ kind: 'count' });
	});

	it('may be weights, which are not read', async () => {
		const { pattern, bytesRead } = await patternIn([SIZE, SIZE], (t, s) => Math.sin(t * SIZE + s));
		expect(pattern).toBeUndefined();
		expect(bytesRead).toBeLessThan(16_384);
	});

	it('may be triangles one under the other, which are no triangle', async () => {
		const { pattern } = await patternIn([4, 64, 64], (t, s) => Number(s <= t % 64));
		expect(pattern).toBeUndefined();
	});
});
