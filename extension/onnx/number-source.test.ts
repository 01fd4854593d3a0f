import { describe, expect, it } from 'vitest';
import { bytesSource } from './bytes-source.ts';
import { indexModel } from './index-model.ts';
import { graph, model } from '../../test/models/build-model.ts';

const SIZE = 20;
const square = (of: (row: number, column: number) => number) =>
	Array.from({ length: SIZE * SIZE }, (_, at) => of(Math.floor(at / SIZE), at % SIZE));
const dims = [BigInt(SIZE), BigInt(SIZE)];

async function patternIn(initializer: object) {
	const made = graph({ name: 'main', initializer: [{ name: 'mask', dims, ...initializer }] });
	const index = await indexModel(bytesSource(model(made, {})));
	return index.graph.initializers.get('mask');
}

describe('a large mask in a typed field', () => {
	it('is a triangle in packed floats', async () => {
		const floatData = square((row, column) => (column <= row ? 0 : -1e9));
		const mask = await patternIn({ dataType: 1, floatData });
		expect(mask?.pattern).toMatchObject({ kind: 'band', inside: 0, high: 0, low: null });
	});

	it('is a band in packed whole numbers', async () => {
		const int64Data = square((row, column) => Number(column <= row && column > row - 4)).map(BigInt); // prettier-ignore
		const mask = await patternIn({ dataType: 7, int64Data });
		expect(mask?.pattern).toMatchObject({ kind: 'band', inside: 1, outside: 0, high: 0, low: -3 });
	});

	it('is a triangle where numbers take different numbers of bytes', async () => {
		const int32Data = square((row, column) => (column <= row ? 0 : 0xfbff));
		const mask = await patternIn({ dataType: 10, int32Data });
		expect(mask?.pattern).toMatchObject({ kind: 'band', inside: 0, outside: -65504, high: 0 });
	});

	it('is none where numbers differ, and is known to be none', async () => {
		const mask = await patternIn({ dataType: 1, floatData: square((row, column) => row + column) });
		expect(mask?.pattern).toBeUndefined();
		expect(mask?.looked).toBe(true);
	});
});
