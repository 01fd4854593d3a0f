import { describe, expect, it } from 'vitest';
import { symmetric } from './cases.ts';
import {
	advance,
	advanceOnDevice,
	constantDamping,
	damping,
	exponentialEuler,
	nesterov,
	noDamping,
	rungeKutta,
	softmaxSystem,
	strang,
	symplecticEuler,
	type Damping,
	type Integrator,
	type Phase,
	normals,
} from './momentum-attention.ts';

const parameters = {
	...{ particles: 5, width: 2 },
	scores: symmetric(2, 0.2, 0.3, 1),
	mobility: symmetric(2, 0.1, 1, 2),
	bowl: symmetric(2, 0.1, 1, 3),
};
const system = softmaxSystem(parameters);
const normal = normals(9);
const start: Phase = {
	x: Float64Array.from({ length: 10 }, () => 0.5 * normal()),
	y: Float64Array.from({ length: 10 }, () => 0.5 * normal()),
	time: 1,
};

function run(integrator: Integrator, steps: number, friction: Damping, duration = 1): Phase {
	let phase = start;
	for (let step = 0; step < steps; step++) {
		phase = advance(system, integrator, phase, duration / steps, friction);
	}
	return phase;
}

const apart = (a: Float64Array, b: Float64Array) =>
	Math.hypot(...a.map((value, at) => value - b[at]!));
const energyOf = (phase: Phase) => {
	const { kinetic, potential } = system.energy(phase);
	return kinetic + potential;
};

describe('the integrators', () => {
	it.each([
		['Runge–Kutta', rungeKutta, 4],
		['symplectic Euler', symplecticEuler(), 1],
		['exponential Euler', exponentialEuler, 1],
		['Strang', strang(), 2],
	] as const)('%s has its order, with and without friction', (_name, integrator, order) => {
		for (const friction of [noDamping, nesterov]) {
			const exact = run(rungeKutta, 800, friction).x;
			const steps = order === 4 ? 8 : 40;
			const coarse = apart(run(integrator, steps, friction).x, exact);
			const fine = apart(run(integrator, 2 * steps, friction).x, exact);
			expect(Math.log2(coarse / fine)).toBeGreaterThan(order - 0.25);
			expect(Math.log2(coarse / fine)).toBeLessThan(order + 0.4);
		}
	});

	it('keep the energy bounded over a long time where they are symplectic, and not where not', () => {
		const drift = (integrator: Integrator) => {
			const first = energyOf(start);
			let phase = start;
			let worst = 0;
			for (let step = 0; step < 1500; step++) {
				phase = advance(system, integrator, phase, 0.1, noDamping);
				worst = Math.max(worst, Math.abs(energyOf(phase) / first - 1));
			}
			return worst;
		};
		expect(drift(strang(8))).toBeLessThan(0.02);
		expect(drift(symplecticEuler(12))).toBeLessThan(0.3);
		const explicit: Integrator = function* ({ x, y, time }, h) {
			const { velocity, force } = yield { x, y, wants: 'both' };
			return {
				x: x.map((value, at) => value + h * velocity[at]!),
				y: y.map((value, at) => value + h * force[at]!),
				time: time + h,
			};
		};
		expect(drift(explicit)).toBeGreaterThan(10);
	});

	it('solve pure friction exactly where they say so', () => {
		const free = {
			rates: ({ x, y }: { x: Float64Array; y: Float64Array }) => ({
				velocity: x.map(() => 0),
				force: y.map(() => 0),
			}),
		};
		for (const integrator of [symplecticEuler(), exponentialEuler, strang()]) {
			const { y } = advance(free, integrator, start, 2, nesterov);
			y.forEach((value, at) => expect(value).toBeCloseTo(start.y[at]! / 27, 14));
		}
	});

	it('stay stable under any friction with the exponential step', () => {
		let phase = start;
		for (let step = 0; step < 50; step++) {
			phase = advance(system, exponentialEuler, phase, 0.1, constantDamping(1000));
		}
		expect(energyOf(phase)).toBeLessThan(energyOf(start));
	});

	it('run the same on rates that come later', async () => {
		const late = {
			rates: async (point: Parameters<typeof system.rates>[0]) => {
				await Promise.resolve();
				return system.rates(point);
			},
		};
		for (const integrator of [rungeKutta, strang()]) {
			const found = await advanceOnDevice(late, integrator, start, 0.1, nesterov);
			expect(found).toEqual(advance(system, integrator, start, 0.1, nesterov));
		}
	});
});

describe('damping', () => {
	it('loses what its rate says', () => {
		const law = damping({ log: 3, linear: 0.4 });
		expect(law.alpha(2)).toBeCloseTo(1.9, 14);
		const steps = Array.from({ length: 1000 }, (_, i) => 1 + (i + 0.5) / 1000);
		const spent = steps.reduce((sum, t) => sum + law.alpha(t) / 1000, 0);
		expect(law.spent(1, 2)).toBeCloseTo(spent, 6);
	});

	it('says when it cannot start', () => {
		expect(() => nesterov.alpha(0)).toThrow('damping of 3/t must start at a time above 0, got 0');
		expect(() => constantDamping(-1)).toThrow('must not be negative');
		expect(constantDamping(2).alpha(0)).toBe(2);
	});
});
