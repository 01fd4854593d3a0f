import { describe, expect, it } from 'vitest';
import { seeded } from '../common/seeded.ts';
import { drawCompression } from './build.ts';
import { codeMetrics, recoverableActive, welchFloor } from './code-metrics.ts';
import { transpose, type Matrix } from './linear-algebra.ts';

const code = (d: number, F: number, seed = 1): Matrix =>
	drawCompression({ neurons: d, features: F, outputs: 1, channel: 1 }, seeded(seed));

describe('metrics of a code', () => {
	it('have leverages that sum to the dimensions, and crosstalk above the Welch floor', () => {
		const metrics = codeMetrics(code(40, 100));
		expect(metrics.leverage.reduce((sum, h) => sum + h, 0)).toBeCloseTo(40, 9);
		expect(metrics.rms).toBeGreaterThan(metrics.welch);
		expect(metrics.geometry).toBeGreaterThan(1);
		expect(metrics.geometry).toBeCloseTo((metrics.rms / metrics.welch) ** 2, 9);
		expect(metrics.readOut).toBeCloseTo(1, 12);
		expect(metrics.dimensionsPerFeature).toBeCloseTo(0.4, 12);
	});

	it('find the best read-out to be what 1/h − 1 says, entry by entry', () => {
		const phi = code(20, 50);
		const best = codeMetrics(phi);
		// any multiple of the pseudoinverse's rows is scaled to a unit diagonal
		const rows = transpose(phi);
		const matched = codeMetrics(phi, rows);
		expect(matched.readOut).toBeGreaterThan(1.2);
		matched.crosstalk.forEach((energy, i) => expect(energy).toBeGreaterThan(best.crosstalk[i]!));
	});

	it('find a tight frame to be the best code there is', () => {
		const turn = (2 * Math.PI) / 3;
		const values = Float64Array.from([0, 1, 2], (i) => Math.cos(i * turn));
		const mercedes = {
			rows: 2,
			columns: 3,
			values: Float64Array.from([...values, 0, Math.sin(turn), Math.sin(2 * turn)]),
		};
		const metrics = codeMetrics(mercedes);
		expect(metrics.welch).toBeCloseTo(0.5, 12);
		expect(metrics.coherence).toBeCloseTo(0.5, 12);
		expect(metrics.geometry).toBeCloseTo(1, 12);
		expect([...metrics.dimensionality]).toEqual(
			[2 / 3, 2 / 3, 2 / 3].map((x) => expect.closeTo(x, 12) as number),
		);
		expect(codeMetrics(mercedes, transpose(mercedes)).readOut).toBeCloseTo(1, 12);
	});

	it.each([
		[32, 0.177, 0.174, 0.72],
		[64, 0.125, 0.121, 0.59],
		[128, 0.088, 0.083, 0.41],
	])(
		'of 1,000-odd random signs in %i dimensions are RMS %f, floor %f, coherence %f',
		(d, rms, floor, coherence) => {
			const phi = code(d, 1024);
			const metrics = codeMetrics(phi, transpose(phi));
			expect(Math.abs(metrics.rms - rms)).toBeLessThan(0.001);
			expect(Math.abs(metrics.welch - floor)).toBeLessThan(0.001);
			expect(Math.abs(metrics.coherence - coherence)).toBeLessThan(0.1);
		},
		60_000,
	);

	it('of features that fit have no crosstalk and no ratio', () => {
		const metrics = codeMetrics(code(30, 20));
		expect(metrics.rms).toBeLessThan(1e-6);
		expect([metrics.welch, metrics.geometry, metrics.readOut]).toEqual([0, NaN, NaN]);
	});

	it('say how many features a threshold reads without error', () => {
		expect(recoverableActive(0.1)).toBe(4);
		expect(recoverableActive(0.1, 0.15)).toBe(3);
		expect(recoverableActive(0.1, 0.5)).toBe(-1);
		expect(recoverableActive(0)).toBe(Infinity);
		expect(welchFloor(10, 20)).toBe(0);
	});

	it('name a code or a read-out that does not fit', () => {
		const flat = { rows: 2, columns: 3, values: Float64Array.of(1, 2, 3, 2, 4, 6) };
		expect(() => codeMetrics(flat)).toThrow(
			'vector 1 of its shorter side depends on the ones before',
		);
		expect(() => codeMetrics(code(4, 6), code(4, 6))).toThrow('must be 6 × 4, got 4 × 6');
	});
});
