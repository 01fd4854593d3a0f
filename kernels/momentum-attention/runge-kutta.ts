import type { Damping } from './damping.ts';
import { plus } from './small-matrix.ts';
import type { Phase, Rates, Step } from './step.ts';

/** The classical method of order 4. Conserves nothing exactly, but errs least a step. */
export function* rungeKutta({ x, y, time }: Phase, duration: number, damping: Damping): Step {
	const half = duration / 2;
	const slope = (rates: Rates, momentum: Float64Array, at: number): Rates => ({
		velocity: rates.velocity,
		force: plus(rates.force, [-damping.alpha(at), momentum]),
	});
	const first = slope(yield { x, y, wants: 'both' }, y, time);

	const y2 = plus(y, [half, first.force]);
	const x2 = plus(x, [half, first.velocity]);
	const second = slope(yield { x: x2, y: y2, wants: 'both' }, y2, time + half);

	const y3 = plus(y, [half, second.force]);
	const x3 = plus(x, [half, second.velocity]);
	const third = slope(yield { x: x3, y: y3, wants: 'both' }, y3, time + half);

	const y4 = plus(y, [duration, third.force]);
	const x4 = plus(x, [duration, third.velocity]);
	const last = slope(yield { x: x4, y: y4, wants: 'both' }, y4, time + duration);

	const mean = (start: Float64Array, name: keyof Rates) =>
		plus(
			start,
			[duration / 6, first[name]],
			[duration / 3, second[name]],
			[duration / 3, third[name]],
			[duration / 6, last[name]],
		);
	return { x: mean(x, 'velocity'), y: mean(y, 'force'), time: time + duration };
}
