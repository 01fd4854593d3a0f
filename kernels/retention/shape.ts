import { KernelError } from '../common/kernel-error.ts';
import { checkReach, type Strided } from '../common/tensors.ts';

/** Sizes in elements. H is a multiple of `keyHeads`. */
export interface RetentionShape {
	readonly B: number;
	/** Query heads. */
	readonly H: number;
	/** Heads of k and v; query head h reads key head `⌊h · keyHeads / H⌋`. */
	readonly keyHeads: number;
	readonly T: number;
	readonly S: number;
	readonly K: number;
	readonly V: number;
}

/** Tensors with any strides. */
export interface RetentionInputs {
	/** `[B, H, T, K]`. */
	readonly q: Strided;
	/** `[B, keyHeads, S, K]`. */
	readonly k: Strided;
	/** `[B, keyHeads, S, V]`. */
	readonly v: Strided;
	/** D, `[B, H, T, S]`, finite: what is left of key j for query t. Stride 0 repeats. */
	readonly table: Strided;
}

export interface RetentionOptions {
	/** Multiplies every product; 1 when absent. */
	readonly scale?: number;
	/** Divides row t by `max(|Σ_j M(t,j)|, 1)`. */
	readonly normalised?: boolean;
	/** Says that D is 0 where j > t, which saves reading it there. */
	readonly causal?: boolean;
}

export const operator = 'retention';

/** @throws KernelError `shape` naming the first thing that does not fit. */
export function checkRetention(
	inputs: RetentionInputs,
	shape: RetentionShape,
	{ scale = 1 }: RetentionOptions,
): void {
	for (const [name, size] of Object.entries(shape)) {
		if (!(Number.isInteger(size) && size > 0)) {
			refuse(`${name} must be a whole number above 0, got ${size}`);
		}
	}
	const { B, H, keyHeads, T, S, K, V } = shape;
	if (H % keyHeads !== 0) refuse(`H=${H} heads cannot share keyHeads=${keyHeads} evenly`);
	if (!Number.isFinite(scale)) refuse(`scale must be finite, got ${scale}`);
	checkReach(operator, 'q', inputs.q, [B, H, T, K]);
	checkReach(operator, 'k', inputs.k, [B, keyHeads, S, K]);
	checkReach(operator, 'v', inputs.v, [B, keyHeads, S, V]);
	checkReach(operator, 'table', inputs.table, [B, H, T, S]);
}

function refuse(problem: string): never {
	throw new KernelError('shape', `${operator}: ${problem}`);
}
