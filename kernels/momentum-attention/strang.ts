import type { Damping } from './damping.ts';
import { plus, scaled } from './small-matrix.ts';
import type { Integrator, Phase, Step } from './step.ts';

/**
 * Half the friction, a leapfrog of the frictionless system, the other half: order 2.
 *
 * @param sweeps fixed-point sweeps of the leapfrog's implicit halves (Störmer–Verlet for a kinetic energy
 *   that depends on X). 4 leave less than the method's own error at steps worth taking
 */
export function strang(sweeps = 4): Integrator {
	return function* ({ x, y, time }: Phase, duration: number, damping: Damping): Step {
		const half = duration / 2;
		const middle = time + half;
		const slowed = scaled(y, Math.exp(-damping.spent(time, middle)));

		let kicked = slowed;
		for (let sweep = 0; sweep < sweeps; sweep++) {
			const { force } = yield { x, y: kicked, wants: 'force' };
			kicked = plus(slowed, [half, force]);
		}
		const start = (yield { x, y: kicked, wants: 'velocity' }).velocity;
		let drifted = plus(x, [duration, start]);
		for (let sweep = 0; sweep < sweeps; sweep++) {
			const { velocity } = yield { x: drifted, y: kicked, wants: 'velocity' };
			drifted = plus(x, [half, start], [half, velocity]);
		}
		const { force } = yield { x: drifted, y: kicked, wants: 'force' };
		const pushed = plus(kicked, [half, force]);
		const left = Math.exp(-damping.spent(middle, time + duration));
		return { x: drifted, y: scaled(pushed, left), time: time + duration };
	};
}
