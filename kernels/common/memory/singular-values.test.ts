import { expect, it } from 'vitest';
import { seeded } from '../seeded.ts';
import { effectiveRank, singularValues } from './singular-values.ts';

it('finds the singular values of a matrix that is known by them', () => {
	// U diag(5, 3) Vᵀ with rotations by 0.6/0.8 and 5/13, 12/13
	const [c, s, p, r] = [0.6, 0.8, 5 / 13, 12 / 13];
	const matrix = [
		5 * c * p + 3 * s * r,
		5 * c * r - 3 * s * p,
		5 * s * p - 3 * c * r,
		5 * s * r + 3 * c * p,
	];
	const [first, second] = singularValues(matrix, 2, 2);
	expect(first).toBeCloseTo(5, 12);
	expect(second).toBeCloseTo(3, 12);
});

it('keeps the Frobenius norm, for tall, wide and rank-one matrices', () => {
	const next = seeded(1);
	for (const [rows, columns] of [
		[3, 7],
		[7, 3],
		[1, 4],
	] as const) {
		const values = Array.from({ length: rows * columns }, () => next() - 0.5);
		const singular = singularValues(values, rows, columns);
		expect(singular).toHaveLength(Math.min(rows, columns));
		expect(Math.hypot(...singular)).toBeCloseTo(Math.hypot(...values), 12);
	}
	const [one, none] = singularValues([1, 2, 2, 4], 2, 2);
	expect([one, none]).toEqual([expect.closeTo(5, 12), expect.closeTo(0, 12)]);
});

it('counts how many values carry a matrix', () => {
	expect(effectiveRank(Float64Array.of(2, 2, 2))).toBeCloseTo(3, 12);
	expect(effectiveRank(Float64Array.of(9, 0))).toBeCloseTo(1, 12);
	expect(effectiveRank(Float64Array.of(0, 0))).toBe(0);
});
