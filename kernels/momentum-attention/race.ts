import { constantDamping, noDamping } from './damping.ts';
import { rungeKutta } from './runge-kutta.ts';
import { refuse } from './shape.ts';
import { softmaxFlow, softmaxSystem, type SoftmaxParameters } from './softmax-system.ts';
import { advance, type Phase } from './step.ts';

/** When each flow is down for good, `time` in the systems' own unit. */
export interface RaceResult {
	/** One for each threshold: the time from which U / U(0) stays below it; Infinity where it does not. */
	readonly gradient: readonly number[];
	readonly accelerated: readonly number[];
}

export interface RaceOptions {
	/** Fractions of the first potential. */
	readonly thresholds: readonly number[];
	/** Constant friction of the accelerated flow. */
	readonly friction: number;
	readonly step: number;
	/** Both flows stop here. */
	readonly until: number;
}

/**
 * Gradient flow against accelerated flow (from rest) in the same bowl and mobility, by Runge–Kutta. Only a
 * bowl can be raced in: attention's own potential has no floor, and "faster" no meaning there.
 *
 * @param parameters with a `bowl`
 */
export function race(
	parameters: SoftmaxParameters,
	start: Float64Array,
	{ thresholds, friction, step, until }: RaceOptions,
): RaceResult {
	if (!parameters.bowl) refuse('a race needs a bowl: the potential of attention has no floor');
	const accelerated = softmaxSystem(parameters);
	const flow = softmaxFlow(parameters);
	const rest = new Float64Array(start.length);
	const potential = (x: Float64Array) => accelerated.energy({ x, y: rest }).potential;
	const first = potential(start);
	const timesOf = (system: Parameters<typeof advance>[0], begin: Phase, slowing: number) => {
		const last = thresholds.map(() => 0);
		const friction = slowing > 0 ? constantDamping(slowing) : noDamping;
		let phase = begin;
		while (phase.time < until) {
			phase = advance(system, rungeKutta, phase, step, friction);
			const share = potential(phase.x) / first;
			thresholds.forEach((threshold, at) => {
				if (!(share < threshold)) last[at] = phase.time;
			});
		}
		return last.map((time) => (time + step > until ? Infinity : time + step));
	};
	return {
		gradient: timesOf(flow, { x: start, y: new Float64Array(0), time: 0 }, 0),
		accelerated: timesOf(accelerated, { x: start, y: rest, time: 0 }, friction),
	};
}
