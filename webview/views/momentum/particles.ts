import {
	advance,
	advanceOnDevice,
	noDamping,
	reducedFlow,
	reducedSystem,
	rungeKutta,
	type DeviceSystem,
	type MomentumSystem,
	type Phase,
} from '../../../kernels/momentum-attention/momentum-attention.ts';
import type { ViewContext } from '../../view-api/view.ts';
import { CHUNK, FRAMES, physicsOf, type CloudSetup, type Order, type Physics } from './cloud-setup.ts'; // prettier-ignore

/** Some frames of a run of the particles. */
export interface CloudFrames {
	readonly kind: 'cloud';
	/** Each `[particles, 2]`; fewer than a chunk where the run is over. */
	readonly frames: readonly Float32Array[];
	/** Shown time at each frame. */
	readonly time: readonly number[];
	/** A particle (bowl, linear) or over N³ (softmax); kinetic is 0 in first order. */
	readonly kinetic: readonly number[];
	readonly potential: readonly number[];
	/** `‖X − X(0)·G‖ / ‖X‖` with the one matrix G of the linear law; empty for other systems. */
	readonly apart: readonly number[];
	/** Why the run is over before its last frame; empty where it goes on. */
	readonly over: string;
}

/** Where a chunk ends, so that the next one need not start from the beginning. */
interface End {
	readonly phase: Phase;
	readonly reduced: Phase | undefined;
	readonly over: string;
}

const ends = new WeakMap<object, Map<string, End>>();

/**
 * One chunk of frames. The chunk before it is looked up, or computed again where it was forgotten.
 *
 * @param owner what the ends of chunks are kept for as long as
 */
export async function runCloud(
	context: Pick<ViewContext, 'device' | 'signal' | 'progress'>,
	owner: object,
	setup: CloudSetup,
	order: Order,
	chunk: number,
): Promise<CloudFrames> {
	const kept = ends.get(owner) ?? new Map<string, End>();
	ends.set(owner, kept);
	const key = (at: number) => JSON.stringify([setup, order, at]);
	const physics = physicsOf(setup, context.device);
	let from = chunk;
	while (from > 0 && !kept.has(key(from - 1))) from--;
	let end = from > 0 ? kept.get(key(from - 1))! : beginning(physics, order);
	for (;;) {
		const { frames, next } = await runChunk(context, physics, order, from, end);
		kept.set(key(from), next);
		if (from === chunk) return frames;
		end = next;
		from++;
	}
}

/** First order has no momentum whose unit of time would grow with N. */
const rateOf = ({ rate }: Physics, order: Order) => (order === 'first' ? 1 : rate);

function beginning({ start, begin: later, linear }: Physics, order: Order): End {
	const begin = order === 'first' ? 0 : later;
	const y = order === 'first' ? new Float64Array(0) : new Float64Array(start.length);
	const reduced = linear && {
		x: Float64Array.of(1, 0, 0, 1),
		y: new Float64Array(order === 'first' ? 0 : 4),
		time: begin,
	};
	return { phase: { x: start, y, time: begin }, reduced: reduced ?? undefined, over: '' };
}

async function runChunk(
	{ signal, progress }: Pick<ViewContext, 'signal' | 'progress'>,
	physics: Physics,
	order: Order,
	chunk: number,
	{ phase: begun, reduced: small, over: ended }: End,
): Promise<{ frames: CloudFrames; next: End }> {
	const frames: Float32Array[] = [];
	const [time, kinetic, potential, apart]: number[][] = [[], [], [], []];
	let [phase, reduced, over] = [begun, small, ended];
	const law = lawOf(physics, order);
	const count = Math.min(CHUNK, FRAMES - chunk * CHUNK);
	for (let at = 0; at < count && over === ''; at++) {
		signal.throwIfAborted();
		progress('Moving the particles', at, count);
		if (chunk > 0 || at > 0) {
			const next = await moved(physics, order, phase);
			over = physics.over(next.x);
			if (over !== '') break;
			phase = next;
			if (reduced && law) reduced = moveReduced(physics, order, law, reduced);
		}
		const rest = phase.y.length > 0 ? phase.y : new Float64Array(phase.x.length);
		const energy = await physics.energy(phase.x, rest);
		frames.push(Float32Array.from(phase.x));
		const begin = order === 'first' ? 0 : physics.begin;
		time!.push((phase.time - begin) * rateOf(physics, order));
		kinetic!.push(energy.kinetic / physics.energyUnit);
		potential!.push(energy.potential / physics.energyUnit);
		if (reduced) apart!.push(distance(phase.x, physics.start, reduced.x));
	}
	return {
		frames: { kind: 'cloud', frames, time: time!, kinetic: kinetic!, potential: potential!, apart: apart!, over }, // prettier-ignore
		next: { phase, reduced, over },
	};
}

function moved(physics: Physics, order: Order, phase: Phase): Promise<Phase> {
	const duration = physics.frame / rateOf(physics, order);
	if (order === 'first') return advanceOnDevice(late(physics.first), rungeKutta, phase, duration, noDamping); // prettier-ignore
	return advanceOnDevice(late(physics.second), physics.integrator, phase, duration, physics.damping); // prettier-ignore
}

function late(
	system: Pick<MomentumSystem, 'rates'> | Pick<DeviceSystem, 'rates'>,
): Pick<DeviceSystem, 'rates'> {
	// prettier-ignore
	return { rates: async (point) => system.rates(point) };
}

function lawOf({ linear, start }: Physics, order: Order) {
	if (!linear) return undefined;
	const second = new Float64Array(4);
	for (let i = 0; i < start.length; i += 2) {
		for (const [a, b] of [
			[0, 0],
			[0, 1],
			[1, 0],
			[1, 1],
		] as const) {
			// prettier-ignore
			second[a * 2 + b]! += (start[i + a]! * start[i + b]!) / linear.particles;
		}
	}
	return order === 'first' ? reducedFlow(linear, second) : reducedSystem(linear, second);
}

/** By the method that errs least: what is off is the shown integrator’s. */
function moveReduced(
	physics: Physics,
	order: Order,
	law: Pick<MomentumSystem, 'rates'>,
	reduced: Phase,
): Phase {
	const duration = physics.frame / rateOf(physics, order);
	const friction = order === 'first' ? noDamping : physics.damping;
	return advance(law, rungeKutta, reduced, duration, friction);
}

function distance(x: Float64Array, start: Float64Array, g: Float64Array): number {
	let [apart, size] = [0, 0];
	for (let i = 0; i < x.length; i += 2) {
		for (let d = 0; d < 2; d++) {
			const mapped = start[i]! * g[d]! + start[i + 1]! * g[2 + d]!;
			apart += (x[i + d]! - mapped) ** 2;
			size += x[i + d]! ** 2;
		}
	}
	return Math.sqrt(apart / size);
}
