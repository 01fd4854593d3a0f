import { constantDamping, noDamping } from './damping.ts';
import { normals } from './normals.ts';
import { rungeKutta } from './runge-kutta.ts';
import { refuse } from './shape.ts';
import { softmaxFlow, softmaxSystem, type SoftmaxParameters } from './softmax-system.ts';
import { advance, type Phase } from './step.ts';

/** When each flow is down for good, `time` in the systems' own unit. */
export interface RaceResult {
	/** One for each threshold: the time from which U / U(0) stays below it; Infinity where it does not. */
	readonly gradient: readonly number[];
	readonly accelerated: readonly number[];
	/**
	 * U / U(0) along the way, a point every `every` steps, each until it is down for good: the total energy, which only falls,
	 * is below the last threshold.
	 */
	readonly curves: {
		readonly time: readonly number[];
		readonly gradient: readonly number[];
		readonly accelerated: readonly number[];
	};
}

export interface RaceOptions {
	/** Fractions of the first potential. */
	readonly thresholds: readonly number[];
	/** Constant friction of the accelerated flow. */
	readonly friction: number;
	readonly step: number;
	/** Both flows stop here. */
	readonly until: number;
	/** Steps between two points of the curves; 50 when absent. */
	readonly every?: number;
}

/**
 * Normal draws with spreads (.5, .05), the start of the published race.
 *
 * @returns `[particles, 2]`
 */
export function standardStart(seed: number, particles = 16): Float64Array {
	const normal = normals(seed);
	return Float64Array.from({ length: particles * 2 }, (_, at) => [0.5, 0.05][at % 2]! * normal());
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
	{ thresholds, friction, step, until, every = 50 }: RaceOptions,
): RaceResult {
	if (!parameters.bowl) refuse('a race needs a bowl: the potential of attention has no floor');
	const accelerated = softmaxSystem(parameters);
	const flow = softmaxFlow(parameters);
	const rest = new Float64Array(start.length);
	const first = accelerated.energy({ x: start, y: rest }).potential;
	const least = Math.min(...thresholds);
	const timesOf = (system: Parameters<typeof advance>[0], begin: Phase, slowing: number) => {
		const last = thresholds.map(() => 0);
		const friction = slowing > 0 ? constantDamping(slowing) : noDamping;
		let phase = begin;
		const curve = [1];
		const steps = Math.ceil(until / step - 1e-9);
		for (let at = 1; at <= steps; at++) {
			phase = advance(system, rungeKutta, phase, step, friction);
			const { kinetic, potential } = accelerated.energy({
				x: phase.x,
				y: phase.y.length > 0 ? phase.y : rest,
			});
			const share = potential / first;
			if (at % every === 0) curve.push(share);
			thresholds.forEach((threshold, at) => {
				if (!(share < threshold)) last[at] = phase.time;
			});
			if ((kinetic + potential) / first < least) break;
		}
		const times = last.map((time) => (time + step > until ? Infinity : time + step));
		return { times, curve };
	};
	const plain = timesOf(flow, { x: start, y: new Float64Array(0), time: 0 }, 0);
	const fast = timesOf(accelerated, { x: start, y: rest, time: 0 }, friction);
	return {
		gradient: plain.times,
		accelerated: fast.times,
		curves: {
			time: [plain.curve, fast.curve]
				.reduce((a, b) => (a.length > b.length ? a : b))
				.map((_, at) => at * every * step),
			gradient: plain.curve,
			accelerated: fast.curve,
		},
	};
}
