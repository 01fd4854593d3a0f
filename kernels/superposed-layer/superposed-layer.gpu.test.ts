import { describe, expect, it } from 'vitest';
import { testDevice } from '../../test/gpu/device.ts';
import { cases, noiseTolerance, square } from './cases.ts';
import { addTallies, noTrials, ratesOf, runTrials } from './superposed-layer.ts';

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
				tally = addTallies(tally, await runTrials(device, sizes, { seed, inputs: 64 }));
			}
			const rates = ratesOf(tally, sizes);
			// both sides are samples: ±0.05 of theirs, ±0.03 of ours
			expect(Math.abs(rates.exact - exact)).toBeLessThan(0.11);
			expect(Math.abs(rates.noise - noise)).toBeLessThan(0.01);
			expect(Math.abs(rates.noise / rates.predictedNoise - 1)).toBeLessThan(0.02);
		},
	);

	it('answers 1,024 outputs within half a second, warm', async () => {
		const sizes = square(1024, 512);
		await runTrials(device, sizes, { seed: 1, inputs: 1 });
		const start = performance.now();
		await runTrials(device, sizes, { seed: 2, inputs: 32 });
		expect(performance.now() - start).toBeLessThan(500);
	});
});
