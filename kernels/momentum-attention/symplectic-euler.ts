import type { Damping } from './damping.ts';
import { plus, scaled } from './small-matrix.ts';
import type { Integrator, Phase, Step } from './step.ts';

/**
 * Kick, exact friction, then drift with the new momentum: order 1, no secular drift of the energy.
 *
 * @param sweeps fixed-point sweeps of `Y⁺ = Y + h · force(X, Y⁺)`. 1 is the explicit step of the practical
 *   blocks; it is symplectic only where the force does not depend on Y, more sweeps approach that
 */
export function symplecticEuler(sweeps = 1): Integrator {
	return function* ({ x, y, time }: Phase, duration: number, damping: Damping): Step {
		let kicked = y;
		for (let sweep = 0; sweep < sweeps; sweep++) {
			const { force } = yield { x, y: kicked, wants: 'force' };
			kicked = plus(y, [duration, force]);
		}
		const slowed = scaled(kicked, Math.exp(-damping.spent(time, time + duration)));
		const { velocity } = yield { x, y: slowed, wants: 'velocity' };
		return { x: plus(x, [duration, velocity]), y: slowed, time: time + duration };
	};
}
