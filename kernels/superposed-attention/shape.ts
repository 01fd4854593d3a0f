import type { MatrixShape } from '../common/attention-results.ts';
import { KernelError } from '../common/kernel-error.ts';
import { checkReach, type Strided } from '../common/tensors.ts';

/** Sizes in elements. The grid has M rows and N columns; its M·N cells share one pass. */
export interface SuperposedShape {
	/** Grids computed side by side. */
	readonly B: number;
	/** Grid rows: queries are bundled over them, so there are M bundles of keys. */
	readonly M: number;
	/** Grid columns: keys and values are bundled over them, so there are N bundles of queries. */
	readonly N: number;
	readonly H: number;
	/** Tokens of one cell. */
	readonly T: number;
	/** Channels of a query, a key and a value. */
	readonly K: number;
	/** Random features. */
	readonly F: number;
}

/** The batch of q, k, v and mask is the grid folded up: `(b·M + m)·N + n` for the cell (m, n) of grid b. */
export interface SuperposedInputs {
	/** `[B·M·N, H, T, K]`, like k and v: one query, key and value for each cell, not bound yet. */
	readonly q: Strided;
	readonly k: Strided;
	readonly v: Strided;
	/** `[M, N, K]` of ±1: the binding key of each cell, the same for all heads and tokens. */
	readonly keys: Float32Array<ArrayBuffer>;
	/** `[F, K]`: the random directions of the feature map. */
	readonly projection: Float32Array<ArrayBuffer>;
	/** `[B·M·N, 1, T, 1]`: keys and values are multiplied by it. Everything counts when absent. */
	readonly mask?: Strided;
}

export interface SuperposedOptions {
	/** `φ(x) = ReLU(P x) + epsilon` or `exp(P x) + epsilon`. `relu` when absent. */
	readonly features?: 'relu' | 'exp';
	/** 1e-3 when absent. */
	readonly epsilon?: number;
	/**
	 * `cell` (MIMOFormer `att.`): each cell has its own denominator, its output is unbound, and the
	 * batch of results is that of the inputs. `shared` (`att.+MLP`): one denominator for a grid column,
	 * the output stays superposed, and the batch of results is `b·N + n`. `cell` when absent.
	 */
	readonly denominator?: 'cell' | 'shared';
	/** With a shared denominator: the grid row whose token counts as the query's own. 0 when absent. */
	readonly ownRow?: number;
}

export const operator = 'superposed-attention';

/**
 * The effective matrix: T queries of one cell (or, with a shared denominator, of one bundle) against the
 * M·T bundled keys. Column c is token `c mod T` of grid row `(own + ⌊c / T⌋) mod M`: the own row first.
 */
export function matrixShape(
	{ B, M, N, H, T, K }: SuperposedShape,
	{ denominator = 'cell' }: SuperposedOptions,
): MatrixShape {
	return { B: denominator === 'cell' ? B * M * N : B * N, H, T, S: M * T, V: K };
}

/** What queries and keys are divided by before they are bound, `√(√K · M · N)`. */
export function divisor({ K, M, N }: SuperposedShape): number {
	return Math.sqrt(Math.sqrt(K) * M * N);
}

/** @throws KernelError `shape` naming the first thing that does not fit. */
export function checkSuperposed(
	{ q, k, v, keys, projection, mask }: SuperposedInputs,
	shape: SuperposedShape,
	{ epsilon = 1e-3, ownRow = 0 }: SuperposedOptions,
): void {
	const { B, M, N, H, T, K, F } = shape;
	for (const [name, size] of Object.entries({ B, M, N, H, T, K, F })) {
		if (!(Number.isInteger(size) && size > 0))
			refuse(`${name} must be a whole number above 0, got ${size}`);
	}
	for (const [name, tensor] of Object.entries({ q, k, v })) {
		checkReach(operator, name, tensor, [B * M * N, H, T, K]);
	}
	if (mask) checkReach(operator, 'mask', mask, [B * M * N, 1, T, 1]);
	if (keys.length !== M * N * K) {
		refuse(
			`keys needs M·N·K = ${M}·${N}·${K} = ${M * N * K} elements, got ${keys.length}; for a part of a larger grid hand over that part`,
		);
	}
	const odd = keys.findIndex((key) => Math.abs(key) !== 1);
	if (odd >= 0) refuse(`keys must be −1 or 1, got ${keys[odd]!} at element ${odd}`);
	if (projection.length !== F * K) {
		refuse(`projection needs F·K = ${F}·${K} = ${F * K} elements, got ${projection.length}`);
	}
	if (!(epsilon >= 0 && epsilon < Infinity)) {
		refuse(`epsilon must be finite and not negative, got ${epsilon}`);
	}
	if (!(Number.isInteger(ownRow) && ownRow >= 0 && ownRow < M)) {
		refuse(`ownRow goes from 0 to ${M - 1}, got ${ownRow}`);
	}
}

export function refuse(problem: string): never {
	throw new KernelError('shape', `${operator}: ${problem}`);
}
