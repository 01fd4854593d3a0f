import { beforeAll, describe, expect, it, vi } from 'vitest';
import { runSample, settledScene } from '../../../test/gallery/run-sample.ts';
import { join } from 'node:path';
import type { OpenView } from '../../view-api/view.ts';
import { momentum } from './momentum.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const size = { width: 900, height: 700, characterWidth: 6.6, lineHeight: 16 };
const folder = join(import.meta.dirname, '../../../samples/momentum-sympformer');
let view: OpenView;
const press = (field: string) => view.set(field, Number(view.value(field)) + 1);

beforeAll(async () => {
	view = (await runSample(folder, momentum))!;
	view.set('causality', false);
	await settledScene(view, size);
});

describe('the depth', () => {
	it('plays from the start to the end, and rests there', () => {
		press('play');
		expect(view.value('stage')).toBe(0);
		let moves = 0;
		while (view.advance(0.25)) moves++;
		expect(moves).toBeGreaterThan(20);
		expect(view.value('stage')).toBe(8);
		expect(view.advance(0.25)).toBe(false);
	});

	it('pauses between two depths and goes on one at a time', () => {
		press('play');
		view.advance(1);
		press('play');
		const paused = view.value('stage');
		expect(view.advance(1)).toBe(false);
		expect(paused).toBeCloseTo(1.25, 9);
		press('forward');
		expect(view.value('stage')).toBe(2);
		press('restart');
		expect(view.value('stage')).toBe(0);
		expect(view.scene(size).scene.title).toContain('as embedded');
	});

	it('follows a token, and goes to a depth that is pressed', () => {
		view.act({ kind: 'point', target: 'tokens', row: 0, column: 9 });
		view.act({ kind: 'press', target: 'stages', row: 0, column: 3 });
		const { scene } = view.scene(size);
		expect(scene.readout).toMatch(/^token 9 \(␣\) at \(/);
		expect(scene.title).toBe('Tokens after the attention of layer 1, with their velocities');
		view.act({ kind: 'leave', target: 'tokens', row: 0, column: 0 });
		expect(view.scene(size).scene.readout).toBe('');
	});

	it('turns the dial: the model itself runs with less momentum', async () => {
		view.set('momentum', 0.5);
		expect((await settledScene(view, size)).description).toMatch(
			/^Momentum × 0.5: loss 2\.\d+ nats \(\+0\.\d+\), \d+ of 64 predictions right/,
		);
		view.set('momentum', 7);
		expect(view.value('momentum')).toBe(1);
	});
});

describe('the particles', () => {
	it('play as far as their frames have come, wait, and end', async () => {
		view.set('show', 'dynamics');
		view.set('particles', 20);
		await settledScene(view, size);
		press('play');
		// the first chunk is there, and the next one is asked for while it plays
		expect(view.advance(0.1)).toBe(true);
		while (view.advance(0.1));
		expect(view.value('frame')).toBe(11);
		await settledScene(view, size);
		expect(view.advance(0)).toBe(true);
		expect(view.advance(0.1)).toBe(true);
		expect(view.value('frame')).toBeGreaterThan(12);
		press('play');
		expect(view.advance(0.1)).toBe(false);
	});

	it('start over where what moves them is changed', () => {
		view.set('system', 'bowl');
		expect(view.value('frame')).toBe(0);
		expect(view.scene(size).scene.title).toBe('Particles under a quadratic bowl');
	});

	it('warn in words where the potential has no floor, and there alone', async () => {
		const words = async () =>
			(await settledScene(view, size)).marks
				.flatMap((mark) => (mark.kind === 'text' ? [mark.text] : []))
				.join(' ');
		expect(await words()).toContain('has a floor');
		for (const [system, escape] of [
			['softmax', 'one alone obeys x′ = x'],
			['linear', 'a particle obeys x′ = x³'],
		] as const) {
			view.set('system', system);
			view.set('interaction', 'positive');
			expect(await words()).toContain(escape);
			view.set('interaction', 'negative');
			expect(await words()).not.toContain('No floor');
		}
		expect(await words()).toContain('Stein’s reading');
	});
});

describe('the race', () => {
	it('is recomputed, with the published ratios within 2 %', async () => {
		view.set('show', 'race');
		const { description, figures } = await settledScene(view, size);
		const { race, training } = view.export().json as {
			race: { ratio: number }[];
			training: { name: string; parameters: number; seeds: number }[];
		};
		[5.6, 6.4, 6.8].forEach((ratio, at) => {
			expect(Math.abs(race[at]!.ratio / ratio - 1)).toBeLessThan(0.02);
		});
		expect(description).toMatch(/attention’s own potential has no floor/);
		expect(training).toHaveLength(4);
		expect(figures.map(({ id }) => id)).toEqual(['race', 'training-steps', 'training-time']);
		for (const { series } of figures.slice(1))
			expect(new Set(series.map(({ label }) => label)).size).toBe(4);
	});
});

it('reads any rubbish as a state', () => {
	for (const rubbish of [null, 7, 'x', [], { stage: NaN, show: 4, frame: -1, particles: 1e9 }]) {
		const fresh = view.save() as Record<string, unknown>;
		for (const [field, value] of Object.entries(Object(rubbish) as object)) view.set(field, value);
		expect(() => view.scene(size)).not.toThrow();
		expect(Object.keys(view.save() as object)).toEqual(Object.keys(fresh));
	}
});
