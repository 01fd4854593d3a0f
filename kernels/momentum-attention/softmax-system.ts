import { KernelError } from '../common/kernel-error.ts';
import { kernelSums, kernelSumsOnDevice, MOST_WIDTH, type KernelSums } from './kernel-sums.ts';
import { checkCloud, checkSymmetric, operator, type CloudSize } from './shape.ts';
import { inner, plus, product, scaled } from './small-matrix.ts';
import type { DeviceSystem, Energy, MomentumSystem, Rates, Wanted } from './step.ts';

/** Softmax attention as particles. Symbols: README.md. */
export interface SoftmaxParameters extends CloudSize {
	/** A, `[width, width]`, symmetric: scores are `x_iᵀ A x_j`. */
	readonly scores: Float64Array;
	/** B, `[width, width]`, symmetric: the mobility; the value matrix is `V = B A`. */
	readonly mobility: Float64Array;
	/** Scores are held within ± this; the equations hold where none is. 60 when absent. */
	readonly clamp?: number;
	/**
	 * H, `[width, width]`, symmetric: the bounded potential `½ Σ x_iᵀ H x_i` in place of attention's, which
	 * has no floor. For telling how fast something converges.
	 */
	readonly bowl?: Float64Array;
}

/**
 * The accelerated (Hamiltonian) system of softmax attention in float64.
 *
 * @throws KernelError `shape` when a matrix does not fit or is not symmetric
 * @see Stein, Li and Steidl, arXiv:2603.16535, the particle system of softmax attention
 */
export function softmaxSystem(parameters: SoftmaxParameters): MomentumSystem {
	check(parameters);
	return {
		rates({ x, y, wants }) {
			checkCloud('x', x, parameters);
			const quadratic = quadraticOf(y, parameters);
			return ratesFrom(
				kernelSums(x, quadratic, parameters, wants === 'velocity' ? 'mass' : undefined),
				x,
				y,
				wants,
				parameters,
			);
		},
		energy: ({ x, y }) => {
			const { mass } = kernelSums(x, quadraticOf(y, parameters), parameters, 'mass');
			return energyFrom(mass, x, y, parameters);
		},
	};
}

/** The same with its O(N²) sums in float32 on a GPU, for thousands of particles. */
export function softmaxSystemOnDevice(
	device: GPUDevice,
	parameters: SoftmaxParameters,
): DeviceSystem {
	check(parameters);
	checkWidth(parameters);
	return {
		async rates({ x, y, wants }) {
			checkCloud('x', x, parameters);
			const sums = await kernelSumsOnDevice(device, x, quadraticOf(y, parameters), parameters);
			return ratesFrom(sums, x, y, wants, parameters);
		},
		async energy({ x, y }) {
			const { mass } = await kernelSumsOnDevice(device, x, quadraticOf(y, parameters), parameters);
			return energyFrom(mass, x, y, parameters);
		},
	};
}

/**
 * The flow without momentum, `ẋ = Γ(X)`: plain attention's residual, or with a bowl the gradient flow
 * `ẋ_i = −(N / z_i) B H x_i` in the same mobility. Run it with an empty y.
 */
export function softmaxFlow(parameters: SoftmaxParameters): Pick<MomentumSystem, 'rates'> {
	check(parameters);
	return {
		rates({ x, y }) {
			checkCloud('x', x, parameters);
			const sums = kernelSums(x, new Float64Array(parameters.particles), parameters);
			return { velocity: flowFrom(sums, x, parameters), force: y };
		},
	};
}

/** The same with its O(N²) sums in float32 on a GPU. @throws KernelError `limit` beyond 4 coordinates */
export function softmaxFlowOnDevice(
	device: GPUDevice,
	parameters: SoftmaxParameters,
): Pick<DeviceSystem, 'rates'> {
	check(parameters);
	checkWidth(parameters);
	return {
		async rates({ x, y }) {
			checkCloud('x', x, parameters);
			const none = new Float64Array(parameters.particles);
			const sums = await kernelSumsOnDevice(device, x, none, parameters);
			return { velocity: flowFrom(sums, x, parameters), force: y };
		},
	};
}

function flowFrom(
	{ mass, pull }: KernelSums,
	x: Float64Array,
	{ particles, width, scores, mobility, bowl }: SoftmaxParameters,
): Float64Array {
	const pushed = bowl
		? scaled(product(x, bowl, width, width), -particles)
		: product(pull, scores, width, width);
	const moved = product(pushed, mobility, width, width);
	return moved.map((v, at) => v / mass[Math.floor(at / width)]!);
}

function checkWidth({ width }: SoftmaxParameters): void {
	if (width <= MOST_WIDTH) return;
	throw new KernelError(
		'limit',
		`${operator}: particles have at most ${MOST_WIDTH} coordinates on the GPU, got ${width}`,
	);
}

function check({ particles, width, scores, mobility, bowl }: SoftmaxParameters): void {
	checkCloud('a cloud', { length: particles * width }, { particles, width });
	checkSymmetric('scores', scores, width);
	checkSymmetric('mobility', mobility, width);
	if (bowl) checkSymmetric('bowl', bowl, width);
}

/** `y_iᵀ B y_i`. */
function quadraticOf(y: Float64Array, parameters: SoftmaxParameters): Float64Array {
	checkCloud('y', y, parameters);
	const { particles, width, mobility } = parameters;
	const moved = product(y, mobility, width, width);
	const quadratic = new Float64Array(particles);
	for (let at = 0; at < y.length; at++) quadratic[Math.floor(at / width)]! += y[at]! * moved[at]!;
	return quadratic;
}

function ratesFrom(
	{ mass, pull, weighted }: KernelSums,
	x: Float64Array,
	y: Float64Array,
	wants: Wanted['wants'],
	parameters: SoftmaxParameters,
): Rates {
	const { particles, width, scores, mobility, bowl } = parameters;
	const moved = product(y, mobility, width, width);
	const velocity = moved.map((value, at) => (particles * value) / mass[Math.floor(at / width)]!);
	if (wants === 'velocity') return { velocity, force: new Float64Array(0) };
	const quadratic = quadraticOf(y, parameters);
	// the 2 is the force of attention's own potential; the bowl replaces it
	const own = bowl ? 0 : 2;
	const mixed = pull.map((value, at) => {
		const i = Math.floor(at / width);
		return (quadratic[i]! / mass[i]! ** 2 + own) * value + weighted[at]!;
	});
	const force = scaled(product(mixed, scores, width, width), particles / 2);
	return { velocity, force: bowl ? plus(force, [-1, product(x, bowl, width, width)]) : force };
}

function energyFrom(
	mass: Float64Array,
	x: Float64Array,
	y: Float64Array,
	parameters: SoftmaxParameters,
): Energy {
	const { particles, width, bowl } = parameters;
	const quadratic = quadraticOf(y, parameters);
	let [kinetic, total] = [0, 0];
	for (let i = 0; i < particles; i++) {
		kinetic += quadratic[i]! / mass[i]!;
		total += mass[i]!;
	}
	return {
		kinetic: (particles / 2) * kinetic,
		potential: bowl ? inner(x, product(x, bowl, width, width)) / 2 : (-particles / 2) * total,
	};
}
