import { checkReach, type Strided } from '../common/tensors.ts';
import { refuse } from './shape.ts';

/** Sizes in elements of a practical block's attention. */
export interface BlockShape {
	readonly B: number;
	/** Heads; their scores are averaged into one kernel. */
	readonly H: number;
	readonly T: number;
	/** Channels of a query and a key in one head. */
	readonly K: number;
	/** Channels of the model: of values and momenta. */
	readonly D: number;
}

export interface BlockInputs {
	/** `[B, H, T, K]`. */
	readonly q: Strided;
	/** `[B, H, T, K]`. */
	readonly k: Strided;
	/** `[B, 1, T, D]`: the value projection of the tokens. */
	readonly v: Strided;
	/** `[B, 1, T, D]`: the momentum P. */
	readonly momentum: Strided;
	/** `[B, 1, T, D]`: c_B(P), the momentum through the block's mobility map. */
	readonly moved: Strided;
}

export interface BlockOptions {
	/** Scores are held within ± this. 60 when absent, as the authors do. */
	readonly clamp?: number;
	/** Added to z² under the momentum's share. 1e-6 when absent. */
	readonly epsilon?: number;
}

/** @throws KernelError `shape` naming the first thing that does not fit. */
export function checkBlock(inputs: BlockInputs, shape: BlockShape, options: BlockOptions): void {
	const { B, H, T, K, D } = shape;
	for (const [name, size] of Object.entries({ B, H, T, K, D })) {
		if (!(Number.isInteger(size) && size > 0))
			refuse(`${name} must be a whole number above 0, got ${size}`);
	}
	checkReach('momentum-attention', 'q', inputs.q, [B, H, T, K]);
	checkReach('momentum-attention', 'k', inputs.k, [B, H, T, K]);
	for (const name of ['v', 'momentum', 'moved'] as const) {
		checkReach('momentum-attention', name, inputs[name], [B, 1, T, D]);
	}
	const { clamp = 60, epsilon = 1e-6 } = options;
	if (!(clamp > 0 && clamp <= 80))
		refuse(`clamp goes up to 80, where exp leaves float32, got ${clamp}`);
	if (!(epsilon >= 0 && epsilon < Infinity)) {
		refuse(`epsilon must be finite and not negative, got ${epsilon}`);
	}
}
