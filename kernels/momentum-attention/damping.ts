import { refuse } from './shape.ts';

/** Friction of a momentum: `ẏ = −α(t) y + …`, with `α = η′`. */
export interface Damping {
	/** α at time t, per unit of time. */
	alpha(time: number): number;
	/** `η(to) − η(from)`: what a step loses is `exp` of minus that. */
	spent(from: number, to: number): number;
}

/** Energy is conserved. */
export const noDamping: Damping = { alpha: () => 0, spent: () => 0 };

/**
 * `η(t) = log · ln(t) + linear · t`. `{ log: 3, linear: 0 }` is Nesterov's 3/t; `{ log: 0, linear: c }` is
 * constant friction, which suits strongly convex landscapes with c = 2√curvature.
 *
 * @throws KernelError `shape` when a coefficient is negative; with `log` above 0, from a time of 0 or less
 * @see Stein, Li and Steidl, arXiv:2603.16535
 */
export function damping({
	log,
	linear,
}: {
	readonly log: number;
	readonly linear: number;
}): Damping {
	if (!(log >= 0 && linear >= 0)) {
		refuse(`damping must not be negative, got log=${log} and linear=${linear}`);
	}
	const positive = (time: number) => {
		if (log > 0 && !(time > 0)) {
			refuse(`damping of ${log}/t must start at a time above 0, got ${time}`);
		}
		return time;
	};
	return {
		alpha: (time) => (log > 0 ? log / positive(time) : 0) + linear,
		spent: (from, to) => (log > 0 ? log * Math.log(to / positive(from)) : 0) + linear * (to - from),
	};
}

/** Nesterov's 3/t. */
export const nesterov: Damping = damping({ log: 3, linear: 0 });

/** Constant friction. */
export function constantDamping(friction: number): Damping {
	return damping({ log: 0, linear: friction });
}
