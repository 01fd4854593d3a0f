import { describe, expect, it } from 'vitest';
import { seeded } from '../common/seeded.ts';
import { buildLayer, drawCompression, drawWiring, loadOf } from './build.ts';
import { correlation, multiply, transpose, type Matrix } from './linear-algebra.ts';
import { recoverComputation, recoveryError } from './recover.ts';
import { channelFor } from './shape.ts';
import { singularValues } from './singular-values.ts';

const random = seeded(5);
const drawn = (rows: number, columns: number): Matrix => ({
	rows,
	columns,
	values: Float64Array.from({ length: rows * columns }, () => random() * 2 - 1),
});

describe('what W alone gives back', () => {
	const sizes = { features: 256, outputs: 256, neurons: 128, channel: channelFor(256) };
	const layer = buildLayer(drawWiring(sizes, seeded(1)), drawCompression(sizes, seeded(2)));
	const { byCode, byPseudoinverse } = recoverComputation(layer.weights, layer.compression);

	it('is R with noise of √(load / n) through the code', () => {
		const error = recoveryError(byCode, layer.computation);
		const predicted = Math.sqrt(loadOf(layer.computation) / sizes.neurons);
		expect(error.noise / predicted).toBeGreaterThan(0.95);
		expect(error.noise / predicted).toBeLessThan(1.05);
		expect(error.atOnes).toBeGreaterThan(0.9);
		expect(Math.abs(error.atZeros)).toBeLessThan(0.02);
	});

	it('is nearer to R through the rescaled pseudoinverse', () => {
		expect(correlation(byPseudoinverse, layer.computation)).toBeGreaterThan(
			correlation(byCode, layer.computation) + 0.02,
		);
		expect(recoveryError(byPseudoinverse, layer.computation).noise).toBeLessThan(
			recoveryError(byCode, layer.computation).noise,
		);
	});

	it('names sizes that do not fit', () => {
		expect(() => recoverComputation(drawn(4, 5), layer.compression)).toThrow(/5 columns.*128 rows/);
		expect(() => recoveryError(byCode, drawn(2, 2))).toThrow(/2 × 2 is 128 × 256/);
	});
});

describe('singular values', () => {
	it('of a diagonal matrix are its entries by size', () => {
		const values = Float64Array.from([3, 0, 0, 0, -5, 0, 0, 0, 0]);
		const found = singularValues({ rows: 3, columns: 3, values });
		expect([...found].map((x) => Number(x.toFixed(7)))).toEqual([5, 3, 0]);
	});

	it.each([
		[1, 1],
		[7, 7],
		[12, 40],
		[40, 12],
		[65, 65],
	])('have the sum of squares and the product that %i × %i demands', (rows, columns) => {
		const matrix = drawn(rows, columns);
		const found = singularValues(matrix);
		const squares = matrix.values.reduce((sum, x) => sum + x * x, 0);
		expect(found.length).toBe(Math.min(rows, columns));
		expect(found.reduce((sum, x) => sum + x * x, 0) / squares).toBeCloseTo(1, 9);
		expect([...found]).toEqual([...found].sort((a, b) => b - a));
		// fourth powers: the Frobenius norm of the Gram matrix
		const gram = multiply(matrix, transpose(matrix));
		const fourth = gram.values.reduce((sum, x) => sum + x * x, 0);
		expect(found.reduce((sum, x) => sum + x ** 4, 0) / fourth).toBeCloseTo(1, 9);
	});

	it('show a rank', () => {
		const found = singularValues(multiply(drawn(30, 4), drawn(4, 20)));
		expect(found[3]! / found[0]!).toBeGreaterThan(0.05);
		expect(found[4]! / found[0]!).toBeLessThan(1e-6);
	});
});
