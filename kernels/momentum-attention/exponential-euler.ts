import type { Damping } from './damping.ts';
import { plus, scaled } from './small-matrix.ts';
import type { Phase, Step } from './step.ts';

/**
 * Friction solved exactly with the force held still: `Y⁺ = σ Y + w · force`, `σ = exp(−Δη)`,
 * `w = (1 − σ) h / Δη`, then a drift with the new momentum. Stable under any friction; order 1.
 */
export function* exponentialEuler({ x, y, time }: Phase, duration: number, damping: Damping): Step {
	const spent = damping.spent(time, time + duration);
	const weight = spent === 0 ? duration : (-Math.expm1(-spent) / spent) * duration;
	const { force } = yield { x, y, wants: 'force' };
	const slowed = plus(scaled(y, Math.exp(-spent)), [weight, force]);
	const { velocity } = yield { x, y: slowed, wants: 'velocity' };
	return { x: plus(x, [duration, velocity]), y: slowed, time: time + duration };
}
