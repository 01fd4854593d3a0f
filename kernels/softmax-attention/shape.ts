import { KernelError } from '../common/kernel-error.ts';
import { checkReach, type BooleanSource, type Strided } from '../common/tensors.ts';

/** Sizes in elements. H is a multiple of `keyHeads`; S differs from T in cross attention. */
export interface SoftmaxShape {
	readonly B: number;
	/** Query heads. */
	readonly H: number;
	/** Heads of k and v; query head h reads key head `⌊h · keyHeads / H⌋`. */
	readonly keyHeads: number;
	/** Queries. */
	readonly T: number;
	/** Keys. */
	readonly S: number;
	/** Channels of a query and a key. */
	readonly K: number;
	/** Channels of a value. */
	readonly V: number;
}

/** Tensors with any strides, so that transposed, packed and repeated layouts are read where they lie. */
export interface SoftmaxInputs {
	/** `[B, H, T, K]`. */
	readonly q: Strided;
	/** `[B, keyHeads, S, K]`. */
	readonly k: Strided;
	/** `[B, keyHeads, S, V]`. */
	readonly v: Strided;
	/** `[B, H, T, S]`, added to the scores; −∞ hides. Stride 0 repeats. */
	readonly additive?: Strided;
	/** Which scores stay. */
	readonly allowed?: AllowedMask;
	/** `[B, H, T, 1]`: a score beside those of the keys that takes a part of its row and has no value. Stride 0 repeats. */
	readonly sink?: Strided | undefined;
}

export interface AllowedMask {
	/** `[B, H, T, S]` of bytes. Stride 0 repeats. */
	readonly tensor: Strided<BooleanSource>;
	/** What a byte that is not zero means: `keep` the score, or `fill` it. `keep` when absent. */
	readonly one?: 'keep' | 'fill';
	/** What the others become; −∞ when absent. Exported models often have −1e9 or −1e4. */
	readonly fill?: number;
}

/** How a score is made from `q·k`, in this order: scale, cap, slope, masks, causality, window. */
export interface SoftmaxOptions {
	/** 1/√K when absent. */
	readonly scale?: number;
	/** `cap · tanh(score / cap)`. */
	readonly softCap?: number;
	/** `[H]`: `slope · (j − t)` is added (ALiBi, arXiv:2108.12409). */
	readonly slopes?: Float32Array<ArrayBuffer>;
	/** Query t sees keys up to `t + queryOffset`. */
	readonly causal?: boolean;
	/** What the score of a later key becomes; −∞ when absent. */
	readonly causalFill?: number;
	/** Index of the key that is the token of query 0: the length of the past. 0 when absent. */
	readonly queryOffset?: number;
	/** Sliding window: a query sees its own token and the `window − 1` before it. */
	readonly window?: number;
}

/** @throws KernelError `shape` naming the first thing that does not fit. */
export function checkSoftmax(
	inputs: SoftmaxInputs,
	shape: SoftmaxShape,
	{ scale, softCap, slopes, queryOffset = 0, window }: SoftmaxOptions,
): void {
	for (const [name, size] of Object.entries(shape)) {
		if (!(Number.isInteger(size) && size > 0))
			refuse(`${name} must be a whole number above 0, got ${size}`);
	}
	const { B, H, keyHeads, T, S, K, V } = shape;
	if (H % keyHeads !== 0) refuse(`H=${H} query heads cannot share keyHeads=${keyHeads} evenly`);
	checkReach(operator, 'q', inputs.q, [B, H, T, K]);
	checkReach(operator, 'k', inputs.k, [B, keyHeads, S, K]);
	checkReach(operator, 'v', inputs.v, [B, keyHeads, S, V]);
	if (inputs.additive) checkReach(operator, 'additive', inputs.additive, [B, H, T, S]);
	if (inputs.allowed) checkReach(operator, 'allowed', inputs.allowed.tensor, [B, H, T, S]);
	if (inputs.sink) checkReach(operator, 'sink', inputs.sink, [B, H, T, 1]);
	if (scale !== undefined && !Number.isFinite(scale)) refuse(`scale must be finite, got ${scale}`);
	if (softCap !== undefined && !(softCap > 0)) refuse(`softCap must be above 0, got ${softCap}`);
	if (slopes && slopes.length !== H) refuse(`slopes needs H=${H} elements, got ${slopes.length}`);
	if (!(Number.isInteger(queryOffset) && queryOffset >= 0)) {
		refuse(`queryOffset must be whole and not negative, got ${queryOffset}`);
	}
	if (window !== undefined && !(Number.isInteger(window) && window > 0)) {
		refuse(`window must be a whole number above 0, got ${window}`);
	}
}

export const operator = 'softmax-attention';

function refuse(problem: string): never {
	throw new KernelError('shape', `${operator}: ${problem}`);
}
