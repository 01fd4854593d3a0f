import { checkCloud, checkSymmetric, type CloudSize } from './shape.ts';
import { inner, plus, product, scaled, secondMoment, transposed } from './small-matrix.ts';
import type { MomentumSystem } from './step.ts';

/** Linear attention as particles. Symbols: README.md. */
export interface LinearParameters extends CloudSize {
	/** A, `[width, width]`, symmetric: the kernel is `xᵀ A x′`. */
	readonly scores: Float64Array;
	/** V, `[width, width]`, symmetric: the values; the potential is `−½ xᵀ V x`. */
	readonly values: Float64Array;
}

/**
 * The accelerated system of linear attention, `Ẋ = X A Xᵀ Y / N`, in time linear in N.
 *
 * @throws KernelError `shape` when a matrix does not fit or is not symmetric
 * @see Stein, Li and Steidl, arXiv:2603.16535, linear attention; arXiv:2503.23462 for the bilinear kernel
 */
export function linearSystem(parameters: LinearParameters): MomentumSystem {
	check(parameters);
	const { particles, width, scores, values } = parameters;
	const times = (x: Float64Array, a: Float64Array) => product(x, a, width, width);
	return {
		rates({ x, y }) {
			checkCloud('x', x, parameters);
			checkCloud('y', y, parameters);
			const shared = times(scores, secondMoment(x, y, width));
			const back = times(secondMoment(y, x, width), scores);
			return { velocity: times(x, shared), force: plus(times(x, values), [-1, times(y, back)]) };
		},
		energy({ x, y }) {
			const moment = secondMoment(x, y, width);
			return {
				kinetic: (particles / 2) * inner(moment, times(scores, moment)),
				potential: -inner(x, times(x, values)) / 2,
			};
		},
	};
}

/** Linear attention's own flow, `ẋ_i = (1/N) Σ_j (x_iᵀ A x_j) V x_j`. Run it with an empty y. */
export function linearFlow(parameters: LinearParameters): Pick<MomentumSystem, 'rates'> {
	return { rates: ({ x, y }) => ({ velocity: steinTerms(x, parameters).attention, force: y }) };
}

/**
 * The two terms of Stein variational gradient descent with the kernel `xᵀ A x′` towards
 * `π ∝ exp(½ xᵀ V x)`. The first is linear attention; the second, `A x_i`, is what attention leaves out, so
 * attention flows down a potential energy alone, with nothing that keeps particles apart.
 *
 * @returns both `[particles, width]`
 */
export function steinTerms(
	x: Float64Array,
	parameters: LinearParameters,
): { readonly attention: Float64Array; readonly repulsion: Float64Array } {
	check(parameters);
	checkCloud('x', x, parameters);
	const { width, scores, values } = parameters;
	const shared = product(secondMoment(x, x, width), values, width, width);
	const repulsion = product(x, scores, width, width);
	return { attention: product(repulsion, shared, width, width), repulsion };
}

/**
 * The closed system of the map G and the symmetric P with `X(t) = X(0) G(t)`, `Y = X P`: as long as momenta
 * start as X times a symmetric matrix, N particles move as two `[width, width]` matrices. Its x is G, its y is P.
 *
 * @param second `S(0) = X(0)ᵀ X(0) / N`
 */
export function reducedSystem(parameters: LinearParameters, second: Float64Array): MomentumSystem {
	check(parameters);
	checkSymmetric('second', second, parameters.width);
	const { particles, width, scores, values } = parameters;
	const times = (...factors: readonly Float64Array[]) =>
		factors.reduce((a, b) => product(a, b, width, width));
	const momentOf = (g: Float64Array) => times(transposed(g, width), second, g);
	return {
		rates({ x: g, y: p }) {
			const moment = momentOf(g);
			const squared = times(p, p);
			const bent = times(scores, moment, squared);
			return {
				velocity: times(g, scores, moment, p),
				force: plus(values, [-1, bent], [-1, transposed(bent, width)]),
			};
		},
		energy({ x: g, y: p }) {
			const moment = momentOf(g);
			return {
				kinetic: (particles / 2) * inner(times(moment, p), times(scores, moment, p)),
				potential: (-particles / 2) * inner(moment, values),
			};
		},
	};
}

/** The closed system of the flow without momentum, `Ġ = G A S V`. Its x is G, its y is empty. */
export function reducedFlow(
	parameters: LinearParameters,
	second: Float64Array,
): Pick<MomentumSystem, 'rates'> {
	check(parameters);
	const { width, scores, values } = parameters;
	const times = (...factors: readonly Float64Array[]) =>
		factors.reduce((a, b) => product(a, b, width, width));
	return {
		rates: ({ x: g, y }) => ({
			velocity: times(g, scores, transposed(g, width), second, g, values),
			force: scaled(y, 0),
		}),
	};
}

function check({ particles, width, scores, values }: LinearParameters): void {
	checkCloud('a cloud', { length: particles * width }, { particles, width });
	checkSymmetric('scores', scores, width);
	checkSymmetric('values', values, width);
}
