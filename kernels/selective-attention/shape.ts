import { KernelError } from '../common/kernel-error.ts';
import { checkReach, type Strided } from '../common/tensors.ts';

export const operator = 'selective-attention';

/** Sizes in elements. */
export interface SelectiveShape {
	readonly B: number;
	readonly H: number;
	readonly T: number;
	readonly K: number;
	readonly V: number;
}

/** Tensors with any strides. */
export interface SelectiveInputs {
	/** `[B, H, T, K]`. */
	readonly q: Strided;
	readonly k: Strided;
	/** `[B, H, T, V]`. */
	readonly v: Strided;
	/** f, `[B, 1, T, 1]`: what the attention of a token is multiplied with, in [0, 1]. */
	readonly selector: Strided;
}

/** Which tokens attend. */
export type Choice =
	/** All of them (as in training). */
	| { readonly by: 'all' }
	/** The `count` with the largest f of their sequence; of equals the earlier. Not causal. */
	| { readonly by: 'top'; readonly count: number }
	/** Those with f above a threshold. */
	| { readonly by: 'threshold'; readonly above: number };

/** Sparse modular attention: keys are chosen tokens only, and a window counts chosen tokens. */
export interface LocalAttention {
	/** Chosen tokens that a query sees, itself included. */
	readonly window: number;
	readonly weigh: 'softmax' | 'relu2';
	/** Added before the ReLU of `relu2`; 0 when absent. */
	readonly bias?: number;
}

export interface SelectiveOptions {
	readonly choice: Choice;
	readonly local?: LocalAttention;
	/** 1/√K when absent. */
	readonly scale?: number;
	/** Whether a query sees no later key. True when absent. */
	readonly causal?: boolean;
}

/** @throws KernelError `shape` naming the first thing that does not fit. */
export function checkSelective(
	inputs: SelectiveInputs,
	shape: SelectiveShape,
	{ choice, local }: SelectiveOptions,
): void {
	const refuse = (problem: string): never => {
		throw new KernelError('shape', `${operator}: ${problem}`);
	};
	const whole = (name: string, value: number) => {
		if (Number.isInteger(value) && value > 0) return;
		refuse(`${name} must be a whole number above 0, got ${value}`);
	};
	for (const [name, size] of Object.entries(shape)) whole(name, size as number);
	const { B, H, T, K, V } = shape;
	checkReach(operator, 'q', inputs.q, [B, H, T, K]);
	checkReach(operator, 'k', inputs.k, [B, H, T, K]);
	checkReach(operator, 'v', inputs.v, [B, H, T, V]);
	checkReach(operator, 'selector', inputs.selector, [B, 1, T, 1]);
	if (choice.by === 'top') whole('the number of chosen tokens', choice.count);
	if (choice.by === 'threshold' && !Number.isFinite(choice.above)) {
		refuse(`the threshold must be finite, got ${choice.above}`);
	}
	if (local) whole('the window', local.window);
}
