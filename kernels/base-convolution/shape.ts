import { KernelError } from '../common/kernel-error.ts';
import { checkReach, type Strided } from '../common/tensors.ts';

export const operator = 'base-convolution';

/** Sizes in elements: B sequences, D channels, T tokens, L taps of the filter (up to T count). */
export interface ConvolutionShape {
	readonly B: number;
	readonly D: number;
	readonly T: number;
	readonly L: number;
}

/** Tensors with any strides; the channel takes the place of a head. */
export interface ConvolutionInputs {
	/** `[B, D, T, 1]`. */
	readonly u: Strided;
	/** `[B, D, L, 1]`, batch stride 0. `taps` says in which order. */
	readonly filter: Strided;
	/** `[B, D, 1, 1]`, batch stride 0. */
	readonly bias?: Strided;
	/** `[B, D, T, 1]`: what the convolution is multiplied with, `W u + b` in the layer. 1 when absent. */
	readonly gate?: Strided;
}

export interface ConvolutionOptions {
	/** Whether u is added at the end. True when absent. */
	readonly residual?: boolean;
	/** Whether tap 0 weighs the newest input (the default) or, as in the weight of a `Conv`, the oldest. */
	readonly taps?: 'newest-first' | 'oldest-first';
}

/** @throws KernelError `shape` naming the first thing that does not fit. */
export function checkConvolution(inputs: ConvolutionInputs, shape: ConvolutionShape): void {
	for (const [name, size] of Object.entries(shape)) {
		if (Number.isInteger(size) && size > 0) continue;
		throw new KernelError(
			'shape',
			`${operator}: ${name} must be a whole number above 0, got ${size}`,
		);
	}
	const { B, D, T, L } = shape;
	checkReach(operator, 'u', inputs.u, [B, D, T, 1]);
	checkReach(operator, 'filter', inputs.filter, [B, D, L, 1]);
	if (inputs.bias) checkReach(operator, 'bias', inputs.bias, [B, D, 1, 1]);
	if (inputs.gate) checkReach(operator, 'gate', inputs.gate, [B, D, T, 1]);
}
