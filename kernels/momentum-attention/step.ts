import type { Damping } from './damping.ts';

/** Positions and momenta of a system at one time. */
export interface Phase {
	/** X, `[particles, width]`; G of a reduced system. */
	readonly x: Float64Array;
	/** Y, like x; empty where a system is of first order. */
	readonly y: Float64Array;
	readonly time: number;
}

/** What a system does at a point of phase space, friction set aside. */
export interface Rates {
	/** `∂H/∂y`, like x. */
	readonly velocity: Float64Array;
	/** `−∂H/∂x`, like y. */
	readonly force: Float64Array;
}

/** A point that an integrator wants the rates of; what it does not want may be left empty. */
export interface Wanted {
	readonly x: Float64Array;
	readonly y: Float64Array;
	readonly wants: 'both' | 'velocity' | 'force';
}

/**
 * One step of an integrator, which knows no forces: it yields points and is handed their rates, so that
 * the same integrator runs on forces computed here and on forces awaited from a GPU.
 */
export type Step = Generator<Wanted, Phase, Rates>;

export type Integrator = (phase: Phase, duration: number, damping: Damping) => Step;

export interface Energy {
	readonly kinetic: number;
	readonly potential: number;
}

export interface MomentumSystem {
	rates(point: Wanted): Rates;
	energy(phase: Pick<Phase, 'x' | 'y'>): Energy;
}

export interface DeviceSystem {
	rates(point: Wanted): Promise<Rates>;
	energy(phase: Pick<Phase, 'x' | 'y'>): Promise<Energy>;
}

/** The phase one step later. */
export function advance(
	system: Pick<MomentumSystem, 'rates'>,
	integrator: Integrator,
	phase: Phase,
	duration: number,
	damping: Damping,
): Phase {
	const step = integrator(phase, duration, damping);
	let asked = step.next();
	while (asked.done !== true) asked = step.next(system.rates(asked.value));
	return asked.value;
}

/** The same, with rates that something else computes meanwhile. */
export async function advanceOnDevice(
	system: Pick<DeviceSystem, 'rates'>,
	integrator: Integrator,
	phase: Phase,
	duration: number,
	damping: Damping,
): Promise<Phase> {
	const step = integrator(phase, duration, damping);
	let asked = step.next();
	while (asked.done !== true) asked = step.next(await system.rates(asked.value));
	return asked.value;
}
