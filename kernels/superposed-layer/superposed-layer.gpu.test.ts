import { describe, expect, it } from 'vitest';
import { testDevice } from '../../test/gpu/device.ts';
import { closeness } from '../common/closeness.ts';
import { seeded } from '../common/seeded.ts';
import { cases, interferenceTolerance, noiseTolerance, square } from './cases.ts';
import {
	addTallies,
	codeMetricsOnDevice,
	codeMetrics,
	drawCompression,
	interferenceOnDevice,
	interferenceReference,
	noTrials,
	ratesOf,
	runTrials,
	transpose,
} from './superposed-layer.ts';

const device = await testDevice();

describe.skipIf(!device)('superposed layer, shader', () => {
	it.each(cases)(
		'counts what the reference counts: $features features, $outputs in $neurons, $active on',
		async (sizes) => {
			const batch = { seed: 3, inputs: 21 };
			const found = await runTrials(device, sizes, batch);
			const expected = await runTrials(undefined, sizes, batch);
			const { noiseSquares, ...counts } = expected;
			expect(found).toMatchObject(counts);
			expect(Math.abs(found.noiseSquares - noiseSquares)).toBeLessThanOrEqual(
				noiseTolerance * noiseSquares,
			);
		},
	);

	/** Rates that another simulation of the same construction found, 100 to 400 inputs a cell. */
	it.each([
		[1024, 384, 0.33, 0.64],
		[1024, 512, 0.67, 0.48],
		[1024, 768, 0.94, 0.32],
		[4096, 1024, 0.83, 0.53],
	])(
		'finds %i outputs in %i neurons exact at a rate of %f, noise %f',
		async (outputs, neurons, exact, noise) => {
			const sizes = square(outputs, neurons);
			let tally = noTrials;
			for (let seed = 0; seed < (outputs > 1024 ? 4 : 8); seed++) {
				tally = addTallies(
					tally,
					await runTrials(device, sizes, { seed, inputs: outputs > 1024 ? 32 : 40 }),
				);
			}
			const rates = ratesOf(tally, sizes);
			// both sides are samples: ±0.05 of theirs, ±0.03 of ours
			expect(Math.abs(rates.exact - exact)).toBeLessThan(0.12);
			expect(Math.abs(rates.noise - noise)).toBeLessThan(0.01);
			expect(Math.abs(rates.noise / rates.predictedNoise - 1)).toBeLessThan(0.02);
		},
	);

	it('answers 1,024 outputs within half a second, warm', async () => {
		const sizes = square(1024, 512);
		await runTrials(device, sizes, { seed: 1, inputs: 1 });
		let fastest = Infinity;
		for (let seed = 2; seed < 7; seed++) {
			const start = performance.now();
			await runTrials(device, sizes, { seed, inputs: 16 });
			fastest = Math.min(fastest, performance.now() - start);
		}
		expect(fastest).toBeLessThan(500);
	});
});

describe.skipIf(!device)('interference, shader', () => {
	const random = seeded(8);
	const drawn = (rows: number, columns: number) => ({
		...{ rows, columns },
		values: Float64Array.from({ length: rows * columns }, () => random() * 2 - 1),
	});

	it.each([
		[1, 1],
		[3, 5],
		[8, 63],
		[16, 64],
		[17, 66],
		[32, 300],
	])('agrees with the reference: %i dimensions, %i features', async (d, F) => {
		const [code, readOut] = [drawn(d, F), drawn(F, d)];
		const sizes = drawn(1, F).values.map(Math.abs);
		const found = await interferenceOnDevice(device!, code, readOut, sizes);
		const expected = interferenceReference(code, readOut, sizes);
		for (const name of ['own', 'energy', 'largest'] as const) {
			const { ratio } = closeness(found[name], expected[name]);
			expect(ratio, name).toBeLessThan(interferenceTolerance);
		}
		expect(found.largestAt).toEqual(expected.largestAt);
	});

	it('gives the metrics of random signs, which the pseudoinverse reads as well as any code can be', async () => {
		const [d, F] = [256, 512];
		const code = drawCompression({ features: F, outputs: 1, neurons: d, channel: 1 }, seeded(9));
		const metrics = await codeMetricsOnDevice(device!, code, transpose(code));
		expect(metrics.rms * Math.sqrt(d)).toBeCloseTo(1, 2);
		expect(metrics.welch * Math.sqrt(F - 1)).toBeCloseTo(1, 12);
		expect(metrics.geometry).toBeLessThan(1.02);
		expect(metrics.readOut).toBeCloseTo(2, 1);
	});

	it('gives the metrics that float64 gives', async () => {
		const code = drawn(12, 50);
		const [found, expected] = [await codeMetricsOnDevice(device!, code), codeMetrics(code)];
		expect(found.coherence).toBeCloseTo(expected.coherence, 6);
		const { ratio } = closeness(found.dimensionality, expected.dimensionality);
		expect(ratio).toBeLessThan(interferenceTolerance);
		expect(found.geometry).toBe(expected.geometry);
	});
});
