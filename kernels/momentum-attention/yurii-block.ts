import type { Stream } from './hamiltonian-block.ts';
import { layerNorm, type NormWeights } from './layer-norm.ts';
import { plus, scaled } from './small-matrix.ts';

/** Learned scalars of one substep: μ and β in (0, 1) by a sigmoid, γ above 0. */
export interface YuriiScalars {
	/** Look-ahead: the substep reads x + μ v. */
	readonly mu: number;
	/** What is kept of the velocity. */
	readonly beta: number;
	/** How much of the substep's answer is added to it. */
	readonly gamma: number;
}

export interface YuriiBlock {
	/** Channels of the model. */
	readonly width: number;
	/** Attention and MLP: `[T, D]` to `[T, D]`, on normed tokens, without their residual. */
	attend(normed: Float64Array): Float64Array;
	mlp(normed: Float64Array): Float64Array;
	readonly attention: YuriiScalars;
	readonly feedForward: YuriiScalars;
	readonly attentionNorm?: NormWeights;
	readonly mlpNorm?: NormWeights;
	/** The one norm of the velocity after either substep; none when absent. */
	readonly velocityNorm?: NormWeights;
}

/**
 * One block with Nesterov momentum. With μ = β = 0, γ = 1 and no velocity norm it is the standard pre-norm
 * block.
 *
 * @see Zimin et al., YuriiFormer, arXiv:2601.23236 (Lie–Trotter form)
 */
export function yuriiBlock(block: YuriiBlock, { x, v }: Stream): Stream {
	const { width, velocityNorm } = block;
	const substep = (
		at: Stream,
		answer: (normed: Float64Array) => Float64Array,
		{ mu, beta, gamma }: YuriiScalars,
		norm: NormWeights | undefined,
	): Stream => {
		const normed = layerNorm(plus(at.x, [mu, at.v]), width, norm);
		const velocity = plus(scaled(at.v, beta), [gamma, answer(normed)]);
		const kept = velocityNorm ? layerNorm(velocity, width, velocityNorm) : velocity;
		return { x: plus(at.x, [1, kept]), v: kept };
	};
	const half = substep(
		{ x, v },
		(normed) => block.attend(normed),
		block.attention,
		block.attentionNorm,
	);
	return substep(half, (normed) => block.mlp(normed), block.feedForward, block.mlpNorm);
}
