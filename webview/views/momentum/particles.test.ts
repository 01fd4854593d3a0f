import { describe, expect, it } from 'vitest';
import { whitenedOf } from './cloud-picture.ts';
import { CHUNK, FRAMES, physicsOf, type CloudSetup } from './cloud-setup.ts';
import { runCloud, type CloudFrames } from './particles.ts';

const context = {
	device: undefined,
	signal: new AbortController().signal,
	progress: () => undefined,
};
const setup: CloudSetup = {
	system: 'linear',
	interaction: 'mixed',
	integrator: 'runge-kutta',
	damping: 'none',
	particles: 80,
	seed: 7,
};
const run = (owner: object, given: CloudSetup, order: 'first' | 'second', chunk: number) =>
	runCloud(context, owner, given, order, chunk);
const totals = ({ kinetic, potential }: CloudFrames) => kinetic.map((k, at) => k + potential[at]!);

describe('a run of particles', () => {
	it('is the same in pieces, from the middle, and with the same seed again', async () => {
		const [owner, other] = [{}, {}];
		const whole = [0, 1, 2].map((chunk) => run(owner, setup, 'second', chunk));
		const third = (await Promise.all(whole))[2]!;
		expect(await run(other, setup, 'second', 2)).toEqual(third);
		expect(third.frames).toHaveLength(CHUNK);
		const reseeded = await run(other, { ...setup, seed: 8 }, 'second', 2);
		expect(reseeded.frames[0]).not.toEqual(third.frames[0]);
	});

	it('keeps its energy without damping and loses it with', async () => {
		for (const system of ['softmax', 'linear', 'bowl'] as const) {
			const free = totals(await run({}, { ...setup, system }, 'second', 0));
			free.forEach((total) => expect(total / free[0]!).toBeCloseTo(1, 4));
			for (const damping of ['constant', 'nesterov'] as const) {
				const slowed = totals(await run({}, { ...setup, system, damping }, 'second', 0));
				slowed.slice(1).forEach((total, at) => expect(total).toBeLessThan(slowed[at]!));
			}
		}
	});

	it('starts with momentum along the flow without: displacements go as t² / 2 to t', async () => {
		for (const system of ['softmax', 'linear', 'bowl'] as const) {
			const { frame } = physicsOf({ ...setup, system }, undefined);
			const [first, second] = await Promise.all(
				(['first', 'second'] as const).map((order) => run({}, { ...setup, system }, order, 0)),
			);
			const moved = ({ frames }: CloudFrames, at: number) => frames[1]![at]! - frames[0]![at]!;
			const size = Math.max(...first!.frames[0]!.map((_, at) => Math.abs(moved(first!, at))));
			first!.frames[0]!.forEach((_, at) => {
				const expected = (moved(first!, at) * frame) / 2;
				expect(Math.abs(moved(second!, at) - expected)).toBeLessThan(0.1 * size * frame);
			});
		}
	});

	it('obeys the elliptic law in linear attention, with every integrator', async () => {
		// the law is of continuous time: what is off is the integrator's own error, of order 4, 1, 1 and 2
		for (const [integrator, most] of [
			['runge-kutta', 1e-6],
			['symplectic', 0.03],
			['exponential', 0.03],
			['strang', 2e-3],
		] as const) {
			const { apart, frames } = await run({}, { ...setup, integrator }, 'second', 1);
			expect(Math.max(...apart), integrator).toBeLessThan(most);
			const [start, end] = [whitenedOf(frames[0]!)!, whitenedOf(frames.at(-1)!)!];
			expect(end.kurtosis).toBeCloseTo(start.kurtosis, 4);
		}
		const { apart } = await run({}, { ...setup, system: 'softmax' }, 'second', 0);
		expect(apart).toEqual([]);
	});

	it('ends where its equations do, and says why', async () => {
		const owner = {};
		const growing: CloudSetup = { ...setup, interaction: 'positive' };
		let last = await run(owner, growing, 'first', 0);
		let frames = last.frames.length;
		for (let chunk = 1; chunk * CHUNK < FRAMES && last.over === ''; chunk++) {
			last = await run(owner, growing, 'first', chunk);
			frames += last.frames.length;
		}
		expect(last.over).toBe('particles have run away');
		expect(frames).toBeLessThan(FRAMES);
		expect(await run(owner, growing, 'first', Math.ceil(frames / CHUNK))).toMatchObject({
			frames: [],
			over: 'particles have run away',
		});
	});

	it('settles in the bowl', async () => {
		const bowl: CloudSetup = { ...setup, system: 'bowl', damping: 'constant' };
		const owner = {};
		const first = await run(owner, bowl, 'second', 0);
		const last = await run(owner, bowl, 'second', FRAMES / CHUNK - 1);
		expect(last.over).toBe('');
		expect(totals(last).at(-1)! / totals(first)[0]!).toBeLessThan(1e-3);
	});
});
