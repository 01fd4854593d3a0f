import { layerNorm, type NormWeights } from './layer-norm.ts';
import { oracleOf } from './prefix-oracle.ts';
import { refuse } from './shape.ts';
import { plus, product, scaled } from './small-matrix.ts';

/** Weights of one practical block, row-vector convention: `x · W`. All `[D, D]`, row-major. */
export interface HamiltonianWeights {
	/** Heads side by side: head h reads columns `h·D/H …`. */
	readonly query: Float64Array;
	readonly key: Float64Array;
	readonly value: Float64Array;
	/** c_B: plays the mobility B; the identity at first. */
	readonly mobility: Float64Array;
	/** c_proj. */
	readonly projection: Float64Array;
	/** Of the tokens before attention. */
	readonly norm?: NormWeights;
	/** Of the momentum after the step; none when absent, as symplecticity has it. */
	readonly momentumNorm?: NormWeights;
}

export interface HamiltonianStep {
	/** `causal-pe` drifts with the new momentum, `causal-fe` with the old one. */
	readonly kind: 'causal-pe' | 'causal-fe';
	/** h_X and h_Y, above 0. */
	readonly drift: number;
	readonly kick: number;
	/** `σ = exp(−(η(t + h_Y) − η(t)))`: `Math.exp(-damping.spent(t, t + kick))`. */
	readonly kept: number;
	/** μ: the force is taken at X + μ P. 0 when absent. */
	readonly lookAhead?: number;
	readonly epsilon?: number;
}

/** One sequence: tokens and momenta, `[T, D]`. */
export interface Stream {
	readonly x: Float64Array;
	readonly v: Float64Array;
}

/**
 * One attention substep of the practical Hamiltonian block, in float64.
 *
 * @see Stein, Li and Steidl, arXiv:2603.16535; the prefix oracle with the causal PE and FE schemes
 */
export function hamiltonianBlock(
	weights: HamiltonianWeights,
	{ x, v: p }: Stream,
	{ D, H }: { readonly D: number; readonly H: number },
	{ kind, drift, kick, kept, lookAhead = 0, epsilon = 1e-6 }: HamiltonianStep,
): Stream {
	if (D % H !== 0) refuse(`D=${D} channels do not split into H=${H} heads`);
	if (!(drift > 0 && kick > 0)) refuse(`steps must be above 0, got ${drift} and ${kick}`);
	const T = x.length / D;
	const times = (values: Float64Array, matrix: Float64Array) => product(values, matrix, D, D);
	const normed = layerNorm(plus(x, [lookAhead, p]), D, weights.norm);
	const K = D / H;
	const heads = (values: Float64Array) => (_b: number, h: number, t: number, d: number) =>
		values[t * D + h * K + d]!;
	const tokens = (values: Float64Array) => (_b: number, t: number, d: number) => values[t * D + d]!;
	const oracle = oracleOf(
		{
			q: heads(times(normed, weights.query)),
			k: heads(times(normed, weights.key)),
			v: tokens(times(normed, weights.value)),
			momentum: tokens(p),
			moved: tokens(times(p, weights.mobility)),
		},
		{ B: 1, H, T, K, D },
		{ epsilon },
	);
	const force = times(oracle.force(), weights.projection);
	const kicked = scaled(plus(p, [kick, force]), kept);
	const moved = times(kind === 'causal-pe' ? kicked : p, weights.mobility);
	const velocity = moved.map((value, at) => value / oracle.mass[Math.floor(at / D)]!);
	return {
		x: plus(x, [drift, velocity]),
		v: weights.momentumNorm ? layerNorm(kicked, D, weights.momentumNorm) : kicked,
	};
}
