import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { runSample, settledScene } from '../../../test/gallery/run-sample.ts';
import { modelWith, site } from '../../../test/views/hand-made-run.ts';
import type { Size } from '../../view-api/scene.ts';
import type { OpenView } from '../../view-api/view.ts';
import { momentum } from './momentum.ts';

const samples = join(import.meta.dirname, '../../../samples');
const size: Size = { width: 900, height: 700, characterWidth: 6.6, lineHeight: 16 };

// each sample's model runs several times, on a machine that may be busy
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

interface Exported {
	readonly layers: readonly {
		readonly kinetic: number | null;
		readonly mixing: { readonly potential: number; readonly entropy: number };
	}[];
	readonly dial: readonly { readonly momentum: number; readonly loss: number }[];
	readonly causality: { readonly causal: boolean; readonly trials: { moved: number }[] };
	readonly varianceHeld: [number, number];
}

interface Stored {
	readonly kinetic: number[];
	readonly potential: number[];
	readonly loss: { momentum: number; loss: number }[];
}

const storedOf = (name: string) =>
	(JSON.parse(readFileSync(join(samples, name, 'metrics.json'), 'utf8')) as { motion: Stored })
		.motion;

describe.each(['momentum-yuriiformer', 'momentum-sympformer', 'momentum-standard'])(
	'%s',
	(name) => {
		let view: OpenView;
		const stored = storedOf(name);
		const exported = () => view.export().json as Exported;

		beforeAll(async () => {
			view = (await runSample(join(samples, name), momentum))!;
			await settledScene(view, size);
		});

		it('has the energies that PyTorch stored', () => {
			const { layers } = exported();
			expect(layers.map(({ kinetic }) => kinetic).filter((k) => k !== null)).toHaveLength(
				stored.kinetic.length,
			);
			stored.kinetic.forEach((kinetic, at) => {
				expect(layers[at]!.kinetic! / kinetic).toBeCloseTo(1, 4);
			});
			stored.potential.forEach((potential, at) => {
				expect(layers[at]!.mixing.potential).toBeCloseTo(potential, 4);
			});
		});

		it('loses with the velocities scaled what PyTorch loses', () => {
			const { dial } = exported();
			for (const { momentum: kept, loss } of stored.loss) {
				const found = dial.find((row) => row.momentum === kept);
				if (stored.kinetic.length === 0) expect(found).toBeUndefined();
				else expect(found!.loss).toBeCloseTo(loss, 4);
			}
		});

		it('is causal, its attention is proved, and a length more or less moves nothing', () => {
			const { causality } = exported();
			expect(causality.causal).toBe(true);
			expect(causality.trials[0]!.moved).toBe(0);
			expect(causality.trials[1]!.moved).toBeLessThan(1e-5);
			expect(view.proofs()).toHaveLength(4);
			for (const { residual } of view.proofs()) expect(residual).toBeLessThan(1e-5);
		});

		it('tells what it found in one sentence and in the lens', () => {
			const { scene } = view.scene(size);
			if (name === 'momentum-standard') {
				expect(scene.description).toMatch(/have no velocity; they take 4 layers/);
				expect(view.findings()).toHaveLength(0);
				return;
			}
			expect(scene.description).toMatch(/carry a velocity through 4 layers.*instead of \d/);
			const lenses = view.findings().map(({ lens }) => lens);
			expect(lenses).toHaveLength(4);
			for (const lens of lenses)
				expect(lens).toMatch(/^energy -?[\d.]+ · velocity·force -?[\d.]+$/);
		});
	},
);

it('fits causal models and those with a velocity, and says why others do not', () => {
	expect(momentum.fit(modelWith(site))).toEqual({ fits: true });
	expect(momentum.fit(modelWith({ ...site, mask: 'none' }))).toMatchObject({ fits: false });
	expect(momentum.fit(modelWith())).toMatchObject({
		fits: false,
		reason: expect.stringContaining('No tokens attend') as string,
	});
});
