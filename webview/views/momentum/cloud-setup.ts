import {
	constantDamping,
	exponentialEuler,
	linearFlow,
	linearSystem,
	nesterov,
	noDamping,
	normals,
	rungeKutta,
	softmaxFlow,
	softmaxFlowOnDevice,
	softmaxSystem,
	softmaxSystemOnDevice,
	strang,
	symplecticEuler,
	type Damping,
	type DeviceSystem,
	type Energy,
	type Integrator,
	type LinearParameters,
	type MomentumSystem,
	type SoftmaxParameters,
} from '../../../kernels/momentum-attention/momentum-attention.ts';

export const SYSTEMS = ['softmax', 'linear', 'bowl'] as const;
export const INTERACTIONS = ['positive', 'mixed', 'negative'] as const;
export const INTEGRATORS = ['runge-kutta', 'symplectic', 'exponential', 'strang'] as const;
export const DAMPINGS = ['constant', 'none', 'nesterov'] as const;

/** All that a run of the particles depends on. */
export interface CloudSetup {
	readonly system: (typeof SYSTEMS)[number];
	/** Signs of the eigenvalues of A, or of V in linear attention. */
	readonly interaction: (typeof INTERACTIONS)[number];
	readonly integrator: (typeof INTEGRATORS)[number];
	readonly damping: (typeof DAMPINGS)[number];
	readonly particles: number;
	readonly seed: number;
}

export type Order = 'first' | 'second';

/** Frames of a run, and how many are computed at a time. */
export const FRAMES = 240;
export const CHUNK = 12;

/** Scores are held within ± this, and the equations do not hold where one is. */
const CLAMP = 60;
/** Beyond this no picture is worth drawing. */
const FAR = 5;
const WIDTH = 2;

const diagonal = (a: number, b: number) => Float64Array.of(a, 0, 0, b);
const unit = diagonal(1, 1);
const signs = { positive: [0.6, 0.3], mixed: [0.6, -0.4], negative: [-0.6, -0.3] } as const;

/** The curvatures of the bowl, and the friction that suits the least of them. */
const BOWL = [0.05, 1] as const;

/** The physics of a setup, with one unit of time for both orders: from rest both start along attention's own flow. */
export interface Physics {
	readonly start: Float64Array;
	/** Shown time that a frame takes. */
	readonly frame: number;
	/** The system's own time is shown time over this: forces of softmax attention grow with N². */
	readonly rate: number;
	/** Energies are shown over this. */
	readonly energyUnit: number;
	readonly damping: Damping;
	/** The system's own time at the start; 3/t cannot start at 0. */
	readonly begin: number;
	readonly integrator: Integrator;
	readonly second: MomentumSystem | DeviceSystem;
	readonly first: Pick<MomentumSystem, 'rates'> | Pick<DeviceSystem, 'rates'>;
	energy(x: Float64Array, y: Float64Array): Energy | Promise<Energy>;
	readonly linear: LinearParameters | null;
	/** Where a run must stop, in words; empty where it may go on. */
	over(x: Float64Array): string;
}

export function physicsOf(setup: CloudSetup, device: GPUDevice | undefined): Physics {
	const { system, interaction, particles, seed } = setup;
	const [a, b] = signs[interaction];
	const size = { particles, width: WIDTH };
	const spread = system === 'bowl' ? [1, 0.5] : [0.6, 0.3];
	const normal = normals(seed);
	const start = Float64Array.from({ length: particles * WIDTH }, (_, at) => spread[at % 2]! * normal()); // prettier-ignore
	const integrator = integrators[setup.integrator];
	const common = { start, integrator };
	if (system === 'linear') {
		const linear: LinearParameters = { ...size, scores: unit, values: diagonal(a, b) };
		const second = linearSystem(linear);
		return {
			...common,
			...{ frame: 0.05, rate: 1, energyUnit: particles, begin: begins(setup, 1), linear },
			damping: frictions(setup, 0.5, 1),
			second,
			first: linearFlow(linear),
			energy: (x, y) => second.energy({ x, y }),
			over: (x) => tooFar(x),
		};
	}
	const bowl = system === 'bowl';
	const parameters: SoftmaxParameters = {
		...size,
		scores: bowl ? diagonal(0, 0) : diagonal(a, b),
		mobility: unit,
		...(bowl ? { bowl: diagonal(...BOWL) } : {}),
	};
	const rate = bowl ? 1 : particles;
	const second = device ? softmaxSystemOnDevice(device, parameters) : softmaxSystem(parameters);
	return {
		...common,
		...{ frame: bowl ? 0.15 : 0.05, rate, energyUnit: bowl ? particles : particles ** 3 },
		begin: begins(setup, rate),
		linear: null,
		damping: frictions(setup, bowl ? 2 * Math.sqrt(BOWL[0]) : 0.5, rate),
		second,
		first: device ? softmaxFlowOnDevice(device, parameters) : softmaxFlow(parameters),
		energy: (x, y) => second.energy({ x, y }),
		over: (x) => (bowl ? '' : clamped(x, a, b) || tooFar(x)),
	};
}

const integrators: Readonly<Record<CloudSetup['integrator'], Integrator>> = {
	'runge-kutta': rungeKutta,
	symplectic: symplecticEuler(4),
	exponential: exponentialEuler,
	strang: strang(),
};

/** Constant friction is per unit of shown time; 3/t is the same in any unit. */
function frictions({ damping }: CloudSetup, constant: number, rate: number): Damping {
	if (damping === 'none') return noDamping;
	return damping === 'nesterov' ? nesterov : constantDamping(constant * rate);
}

/** 3/t starts at shown time 1. */
function begins({ damping }: CloudSetup, rate: number): number {
	return damping === 'nesterov' ? 1 / rate : 0;
}

function clamped(x: Float64Array, a: number, b: number): string {
	let reach = 0;
	for (let at = 0; at < x.length; at += WIDTH) {
		reach = Math.max(reach, Math.abs(a) * x[at]! ** 2 + Math.abs(b) * x[at + 1]! ** 2);
	}
	return reach > CLAMP
		? `scores have reached ±${CLAMP}, beyond which the equations do not hold`
		: '';
}

function tooFar(x: Float64Array): string {
	return x.some((value) => !(Math.abs(value) < FAR)) ? 'particles have run away' : '';
}
