import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { runSample, settledScene } from '../../../test/gallery/run-sample.ts';
import { modelWith } from '../../../test/views/hand-made-run.ts';
import type { Size } from '../../view-api/scene.ts';
import type { OpenView } from '../../view-api/view.ts';
import { superposition } from './superposition.ts';

const samples = join(import.meta.dirname, '../../../samples');
const size: Size = { width: 900, height: 700, characterWidth: 6.6, lineHeight: 16 };

// real models run in these, on a machine that may be busy
vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 });

const metricsOf = (sample: string) =>
	JSON.parse(readFileSync(join(samples, sample, 'metrics.json'), 'utf8')) as Record<
		string,
		unknown
	>;

it('does not fit a model without weights', () => {
	expect(superposition.fit(modelWith())).toMatchObject({
		fits: false,
		reason: expect.stringContaining('nothing is packed') as string,
	});
});

describe('the built network', () => {
	interface Layer {
		readonly drawn: { readonly exact: number; readonly noise: number };
		readonly stored: { readonly exact: number };
		readonly predictedNoise: number;
	}
	interface Exported {
		readonly layers: readonly Layer[];
		readonly input: { readonly on: number[]; readonly wanted: number[] };
		readonly weights: {
			readonly errors: readonly [{ noise: number }, { noise: number; right: number }];
			readonly correlations: readonly [number, number];
			readonly shown: readonly { readonly name: string; readonly density: number }[];
		};
		readonly singularValues: readonly { readonly values: number[] }[];
	}
	let view: OpenView;
	const exported = () => view.export().json as Exported;
	const metrics = metricsOf('superposed-and') as unknown as {
		variants: { small: { layers: { exact: number }[] } };
		built: { small: { noise: { measured: number; predicted: number } } };
	};

	beforeAll(async () => {
		view = (await runSample(join(samples, 'superposed-and'), superposition))!;
		view.set('spectrum', false);
		await settledScene(view, size);
	});

	it('is R times D, as the model itself computes it', () => {
		expect(view.proofs()).toHaveLength(2);
		for (const { residual, verified } of view.proofs()) {
			expect(verified).toBe(true);
			expect(residual).toBeLessThan(1e-5);
		}
	});

	it('is right on as many stored inputs as PyTorch was, with its noise', () => {
		const { layers } = exported();
		layers.forEach(({ stored }, at) => {
			const expected = metrics.variants.small.layers[at]!.exact;
			// one mean may lie so close to one half that rounding decides
			expect(Math.abs(stored.exact - expected)).toBeLessThanOrEqual(0.004);
		});
		const { noise } = metrics.built.small;
		expect(layers[0]!.predictedNoise).toBeCloseTo(noise.predicted, 3);
		expect(layers[0]!.drawn.noise / noise.measured).toBeCloseTo(1, 1);
	});

	it('gives R back, better through the pseudoinverse; W is dense and R is not', () => {
		const { errors, correlations, shown } = exported().weights;
		expect(correlations[1]).toBeGreaterThan(correlations[0] + 0.1);
		expect(errors[1].noise).toBeLessThan(errors[0].noise * 0.7);
		expect(errors[1].right).toBeGreaterThan(0.999);
		expect(shown.map(({ name }) => name)).toEqual(['W', 'R', 'D']);
		expect(shown[0]!.density).toBeGreaterThan(20 * shown[1]!.density);
	});

	it('reads the features of the prompt, and takes others from the keyboard, in both layers', async () => {
		// as the note of the prompt says
		expect(exported().input.on).toEqual([164, 290, 810, 864]);
		view.set('layer', 1);
		await settledScene(view, size);
		expect(exported().input.wanted).toEqual([795]);
		view.set('layer', 0);
		view.set('features', '164, 290');
		const { readout } = await settledScene(view, size);
		expect(exported().input.on).toEqual([164, 290]);
		expect(readout).toMatch(/^features on: 164, 290 · /);
	});

	it('says it in the line above the code', () => {
		const [first] = view.findings();
		expect(first!.lens).toMatch(/^1,024 functions in 768 neurons · exact \d+ %$/);
		expect(first!.site).toBe('/first');
	});

	it('is drawn at any width without leaving it', async () => {
		for (const width of [280, 420, 1200]) {
			const { marks } = await settledScene(view, { ...size, width });
			for (const mark of marks) {
				if (mark.kind !== 'image' && mark.kind !== 'rect') continue;
				expect(mark.x + mark.width).toBeLessThanOrEqual(width + 1);
			}
		}
	});
});

describe('inputs in one pass', () => {
	interface Exported {
		readonly gram: number[];
		readonly valueDecibels: number[];
		readonly law: number;
		readonly accuracies: readonly { grid: string; accuracy: number; of: number }[];
		readonly together: readonly { said: number; label: number }[];
	}
	interface Stored {
		readonly grid: readonly [number, number];
		readonly accuracy: number;
		readonly promptScores: readonly (readonly number[])[];
	}
	let view: OpenView;
	const exported = () => view.export().json as Exported;
	const stored = (metricsOf('mimoformer') as unknown as { variants: { att: { grids: Stored[] } } })
		.variants.att.grids;

	beforeAll(async () => {
		view = (await runSample(join(samples, 'mimoformer'), superposition))!;
	});

	it('are as accurate on every grid as PyTorch was, and say the same', async () => {
		for (const { grid, accuracy, promptScores } of stored) {
			view.set('grid', grid.join('x'));
			await settledScene(view, size);
			const found = exported().accuracies.find((each) => each.grid === grid.join('x'))!;
			expect(found.of).toBe(512);
			// two scores may lie so close together that rounding decides
			expect(Math.abs(found.accuracy - accuracy)).toBeLessThanOrEqual(0.004);
			const answers = promptScores.map((row) => row.indexOf(Math.max(...row)));
			expect(exported().together.map(({ said }) => said)).toEqual(answers);
		}
	});

	it('are proved, and come back as loud as the law says', async () => {
		view.set('grid', '4x4');
		await settledScene(view, size);
		const { valueDecibels, law, gram } = exported();
		expect(view.proofs()[0]).toMatchObject({ verified: true });
		expect(law).toBeCloseTo(-11.76, 2);
		const mean = valueDecibels.reduce((sum, x) => sum + x, 0) / 16;
		expect(Math.abs(mean - law)).toBeLessThan(0.5);
		for (let i = 0; i < 16; i++) expect(gram[i * 17]).toBe(1);
	});

	it('fall to chance with a neighbour’s keys', async () => {
		view.set('grid', '2x2');
		view.set('swap', true);
		const { description } = await settledScene(view, size);
		const found = exported().accuracies.find(({ grid }) => grid === '2x2')!;
		// eight classes; wrong keys leave a trace of what all channels share
		expect(found.accuracy).toBeLessThan(0.22);
		expect(description).toContain('unbound with a neighbour’s key');
		expect(view.findings()[0]!.lens).toMatch(/^16 channels · SNR −11\.\d dB · accuracy \d+ % \(alone 100 %\)$/); // prettier-ignore
	});
});
