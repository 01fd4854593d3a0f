import { describe, expect, it } from 'vitest';
import { singularValues } from '../common/memory/singular-values.ts';
import { seeded } from '../common/seeded.ts';
import { square } from './cases.ts';
import {
	addTallies,
	beforeByPair,
	buildLayer,
	channelOverlap,
	channelReadOut,
	correlation,
	decompressionOf,
	drawCompression,
	drawDisjointWiring,
	drawWiring,
	loadOf,
	multiply,
	neuronBounds,
	noTrials,
	ratesOf,
	refineTrials,
	runLayer,
	runLayers,
	runTrials,
	type LayerSizes,
	type Wiring,
} from './superposed-layer.ts';

const sizes: LayerSizes = { features: 128, outputs: 128, neurons: 96, channel: 7 };

/** C whose columns are orthonormal: n ≥ m, so nothing is superposed and D = Cᵀ is exact. */
const identity = ({ neurons, features }: LayerSizes) => ({
	rows: neurons,
	columns: features,
	values: Float64Array.from({ length: neurons * features }, (_, at) =>
		Number(Math.floor(at / features) === at % features),
	),
});

/** An input with the given outputs' pairs on. */
function inputOf({ sizes: { features }, pairs }: Wiring, ...outputs: number[]): Float64Array {
	const y = new Float64Array(features);
	for (const p of outputs) for (const f of pairs.subarray(p * 2, p * 2 + 2)) y[f] = 1;
	return y;
}

describe('the built layer', () => {
	it('draws distinct pairs and channels of distinct neurons, the same for one seed', () => {
		const wiring = drawWiring(sizes, seeded(1));
		const named = Array.from({ length: 128 }, (_, p) =>
			wiring.pairs.subarray(p * 2, p * 2 + 2).join(),
		);
		expect(new Set(named).size).toBe(128);
		for (let p = 0; p < 128; p++) {
			expect(new Set(wiring.channels.subarray(p * 7, p * 7 + 7)).size).toBe(7);
		}
		expect(drawWiring(sizes, seeded(1))).toEqual(wiring);
	});

	it('makes no errors at all with an exact inverse and channels that share no neuron', () => {
		const wide = { features: 20, outputs: 30, neurons: 120, channel: 4 };
		const wiring = drawDisjointWiring(wide, seeded(2));
		const layer = buildLayer(wiring, identity(wide));
		const random = seeded(3);
		for (let trial = 0; trial < 100; trial++) {
			const y = Float64Array.from({ length: 20 }, () => Number(random() < 0.3));
			const { falsePositives, falseNegatives, pairOn, outputs } = runLayer(layer, y);
			expect([falsePositives, falseNegatives]).toEqual([0, 0]);
			expect(outputs).toEqual(pairOn.map((on) => Number(on === 2)));
		}
	});

	it('with an exact inverse is wrong only where channels collide', () => {
		const wide = { features: 60, outputs: 60, neurons: 64, channel: 6 };
		const wiring = drawWiring(wide, seeded(4));
		const layer = buildLayer(wiring, identity(wide));
		expect(layer.weights.values.every(Number.isInteger)).toBe(true);
		let collisions = 0;
		for (let p = 0; p < 60; p++) {
			const y = inputOf(wiring, p, (p + 1) % 60);
			const run = runLayer(layer, y);
			expect(run.falseNegatives).toBe(0);
			run.outputs.forEach((on, q) => {
				if (on === 0 || run.pairOn[q] === 2) return;
				collisions++;
				const channel = wiring.channels.subarray(q * 6, q * 6 + 6);
				const hit = [...channel].filter((neuron) => {
					const row = layer.computation.values.subarray(neuron * 60, (neuron + 1) * 60);
					return row.reduce((sum, wired, f) => sum + wired * y[f]!, 0) > 1;
				});
				expect(hit.length).toBeGreaterThan(1);
			});
		}
		expect(collisions).toBeGreaterThan(0);
	});

	it('has decompression noise of √(load · v / n) before the ReLU', () => {
		const layer = buildLayer(drawWiring(sizes, seeded(5)), drawCompression(sizes, seeded(6)));
		const random = seeded(7);
		let [squares, count] = [0, 0];
		for (let trial = 0; trial < 300; trial++) {
			const y = new Float64Array(128);
			while (y.reduce((sum, on) => sum + on, 0) < 3) y[Math.floor(random() * 128)] = 1;
			const { before } = runLayer(layer, y);
			before.forEach((x, i) => {
				const row = layer.computation.values.subarray(i * 128, (i + 1) * 128);
				squares += (x - row.reduce((sum, wired, f) => sum + wired * y[f]!, 0)) ** 2;
				count++;
			});
		}
		const predicted = Math.sqrt((loadOf(layer.computation) * 3) / 96);
		expect(Math.abs(Math.sqrt(squares / count) / predicted - 1)).toBeLessThan(0.04);
	});

	it('has a dense W of rank ≤ n, a sparse R and a dense D of tiny entries', () => {
		const { weights, computation, decompression } = buildLayer(
			drawWiring(sizes, seeded(8)),
			drawCompression(sizes, seeded(9)),
		);
		const share = (values: Float64Array) => values.filter((x) => x !== 0).length / values.length;
		expect(share(weights.values)).toBeGreaterThan(0.85);
		expect(share(computation.values)).toBeCloseTo(loadOf(computation) / 128, 12);
		expect(share(computation.values)).toBeLessThan(0.16);
		expect(
			decompression.values.every((x) => Math.abs(Math.abs(x) - 1 / Math.sqrt(96)) < 1e-15),
		).toBe(true);
		const few = { features: 24, outputs: 60, neurons: 40, channel: 5 };
		const low = buildLayer(drawWiring(few, seeded(1)), drawCompression(few, seeded(2))).weights;
		const singular = singularValues(low.values, 40, 40);
		expect(singular[20]).toBeGreaterThan(0.01);
		expect(singular[24]! / singular[0]!).toBeLessThan(1e-12);
	});

	it('gives R back through W C, better through the rescaled pseudoinverse', () => {
		const { features, neurons } = sizes;
		const compression = drawCompression(sizes, seeded(11));
		const wiring = drawWiring(sizes, seeded(10));
		const layer = buildLayer(wiring, compression);
		const plain = correlation(multiply(layer.weights, compression), layer.computation);
		// noise of an entry of W C: √(load / n) beside entries of R with variance density · (1 − density)
		const load = loadOf(layer.computation);
		const [signal, noise] = [(load / features) * (1 - load / features), load / neurons];
		expect(Math.abs(plain - Math.sqrt(signal / (signal + noise)))).toBeLessThan(0.03);
		const better = buildLayer(wiring, compression, 'pseudoinverse');
		expect(correlation(multiply(better.weights, compression), layer.computation)).toBeGreaterThan(
			plain + 0.05,
		);
	});

	it('decompresses at a mean of 1 with either kind, whichever of m and n is larger', () => {
		for (const [neurons, features] of [
			[64, 96],
			[96, 64],
		] as const) {
			const compression = drawCompression({ ...sizes, neurons, features }, seeded(12));
			for (const kind of ['transpose', 'pseudoinverse'] as const) {
				const { values } = multiply(decompressionOf(compression, kind), compression);
				let diagonal = 0;
				for (let f = 0; f < features; f++) diagonal += values[f * features + f]!;
				expect(diagonal / features).toBeCloseTo(1, 12);
			}
		}
	});

	it('runs several layers deep, each on what the one before put out', () => {
		const first = { features: 40, outputs: 40, neurons: 320, channel: 8 };
		const second = { ...first, outputs: 20, neurons: 160 };
		const layers = [
			buildLayer(drawDisjointWiring(first, seeded(13)), identity(first)),
			buildLayer(drawDisjointWiring(second, seeded(14)), identity(second)),
		];
		const [a, b] = layers[1]!.pairs;
		const runs = runLayers(layers, inputOf(layers[0]!, a!, b!));
		expect(runs[0]!.outputs[a!]).toBe(1);
		expect(runs[1]!.outputs[0]).toBe(1);
		expect(runs[1]!.pairOn[0]).toBe(2);
		expect(runs.map((run) => run.falsePositives + run.falseNegatives)).toEqual([0, 0]);
	});

	it('reads its outputs from its neurons by D′, and splits pre-activations by the pair', () => {
		const wiring = drawWiring(sizes, seeded(15));
		const layer = buildLayer(wiring, drawCompression(sizes, seeded(16)));
		const run = runLayer(layer, inputOf(wiring, 3));
		const column = { rows: 96, columns: 1, values: run.hidden };
		multiply(channelReadOut(wiring), column).values.forEach((z, p) =>
			expect(z).toBeCloseTo(run.readOut[p]!, 12),
		);
		const [none, one, both] = beforeByPair(layer, run);
		expect(both.length).toBe(7 * run.pairOn.filter((on) => on === 2).length);
		expect(none.length + one.length + both.length).toBe(7 * 128);
		const overlap = channelOverlap(wiring);
		expect(overlap.values[0]).toBe(7);
	});

	it.each([
		[{ ...sizes, channel: 97 }, /a channel of 97 neurons does not fit in 96/],
		[{ ...sizes, features: 3 }, /3 features have 3 pairs, fewer than outputs=128/],
		[{ ...sizes, neurons: 0 }, /neurons must be a whole number above 0, got 0/],
	])('names what does not fit (%#)', (wrong, message) => {
		expect(() => drawWiring(wrong, seeded(1))).toThrow(message);
	});

	it('names an input or a compression of the wrong size', () => {
		const wiring = drawWiring(sizes, seeded(1));
		const compression = drawCompression(sizes, seeded(2));
		expect(() => runLayer(buildLayer(wiring, compression), [1])).toThrow('128 features, got 1');
		expect(() => buildLayer(wiring, { ...compression, rows: 95 })).toThrow(
			'96 × 128, got 95 × 128',
		);
		expect(() => drawDisjointWiring(sizes, seeded(1))).toThrow('need 128·7 neurons, got 96');
	});
});

describe('the phase diagram', () => {
	/** Rates that another simulation of the same construction found, 100 to 400 inputs a cell. */
	it.each([
		[128, 0.06, 33, 0.83],
		[256, 0.46, 2.3, 0.44],
		[384, 0.81, 0.28, 0.29],
	])(
		'of 256 outputs in %i neurons is exact at a rate of %f, with %f false positives and noise of %f',
		async (neurons, exact, positives, noise) => {
			const cell = square(256, neurons);
			let tally = noTrials;
			for (let seed = 0; seed < 10; seed++) {
				tally = addTallies(tally, await runTrials(undefined, cell, { seed, inputs: 40 }));
			}
			const rates = ratesOf(tally, cell);
			// both sides are samples: ±0.05 of theirs, ±0.025 of ours
			expect(Math.abs(rates.exact - exact)).toBeLessThan(0.11);
			expect(rates.exactError).toBeLessThan(0.06);
			expect(Math.abs(Math.log(rates.falsePositives / positives))).toBeLessThan(0.45);
			expect(Math.abs(rates.noise - noise)).toBeLessThan(0.015);
			expect(Math.abs(rates.noise / rates.predictedNoise - 1)).toBeLessThan(0.03);
		},
		60_000,
	);

	it('refines every cell in turn, and adds up', async () => {
		const cells = [square(64, 64), square(64, 128)];
		const stream = refineTrials(undefined, cells, { seed: 5, inputs: 10 });
		const seen: (readonly number[])[] = [];
		for await (const tallies of stream) {
			seen.push(tallies.map((tally) => tally.inputs));
			if (seen.length === 4) break;
		}
		expect(seen).toEqual([
			[10, 0],
			[10, 10],
			[20, 10],
			[20, 20],
		]);
	});

	it('has bounds that grow as the theory says', () => {
		const [small, large] = [neuronBounds(1024), neuronBounds(4096)];
		expect(large.lower / small.lower).toBeCloseTo(2 * Math.sqrt(12 / 10), 12);
		expect(large.construction / small.construction).toBeCloseTo(2 * 1.2, 12);
	});

	it('names sizes that no input fits', async () => {
		const asked = (active: number, inputs = 1) =>
			runTrials(undefined, square(64, 32, active), { seed: 1, inputs });
		await expect(asked(1)).rejects.toThrow('active goes from 2 to 64 features, got 1');
		await expect(asked(3, 0)).rejects.toThrow('inputs must be a whole number above 0, got 0');
		expect(() => ratesOf(noTrials, square(64, 32))).toThrow('rates need at least one input');
	});
});
