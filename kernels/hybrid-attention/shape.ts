import { KernelError } from '../common/kernel-error.ts';
import type { Decay } from '../common/memory/memory.ts';
import { checkMemory, type MemoryShape } from '../common/memory/memory.ts';
import { checkReach, type Strided } from '../common/tensors.ts';

export const operator = 'hybrid-attention';

/** Sizes in elements, of one view of the heads: both branches have H heads and V channels of values. */
export interface HybridShape {
	readonly B: number;
	readonly H: number;
	readonly T: number;
	/** Channels of queries and keys in the state branch. */
	readonly K: number;
	/** Channels of queries and keys in the softmax branch. */
	readonly softmaxK: number;
	readonly V: number;
	/** Tokens in a chunk. */
	readonly C: number;
}

/** Which operation remembers a chunk once it is over. */
export const ROUTE = { softmax: 0, state: 1 } as const;

/** Tensors with any strides. */
export interface HybridInputs {
	/** The state branch: `[B, H, T, K]`, keys of unit length, values `[B, H, T, V]`. */
	readonly state: {
		readonly q: Strided;
		readonly k: Strided;
		readonly v: Strided;
		/** `[B, H, T, K]`, channel stride 0. */
		readonly decay: Decay;
		/** `[B, H, T, 1]`. */
		readonly beta: Strided;
	};
	/** The softmax branch: `[B, H, T, softmaxK]`, values `[B, H, T, V]`. */
	readonly softmax: { readonly q: Strided; readonly k: Strided; readonly v: Strided };
	/** `[B, H, ⌈T / C⌉]` of `ROUTE`. The last, open chunk is served by both, whatever it says. */
	readonly types: Uint32Array<ArrayBuffer>;
	/** What each branch counts for, `[B, H, T, 2]`: state, then softmax (as the layer has them). 1 when absent. */
	readonly mix?: Strided;
}

export interface HybridOptions {
	/** Of the state branch; 1/√K when absent. */
	readonly stateScale?: number;
	/** Of the softmax branch; 1/√softmaxK when absent. */
	readonly softmaxScale?: number;
	/** Whether the state fades over chunks that softmax remembers. True when absent. */
	readonly keepDecay?: boolean;
}

/** @throws KernelError `shape` naming the first thing that does not fit. */
export function checkHybrid(
	inputs: HybridInputs,
	shape: HybridShape,
	options: HybridOptions,
): void {
	const { B, H, T, softmaxK, V } = shape;
	checkMemory(inputs.state, memoryShapeOf(shape), stateRule(inputs, shape, options));
	if (!(Number.isInteger(softmaxK) && softmaxK > 0)) {
		throw new KernelError(
			'shape',
			`${operator}: softmaxK must be a whole number above 0, got ${softmaxK}`,
		);
	}
	checkReach(operator, 'softmax q', inputs.softmax.q, [B, H, T, softmaxK]);
	checkReach(operator, 'softmax k', inputs.softmax.k, [B, H, T, softmaxK]);
	checkReach(operator, 'softmax v', inputs.softmax.v, [B, H, T, V]);
	if (inputs.mix) checkReach(operator, 'mix', inputs.mix, [B, H, T, 2]);
	const wrong = inputs.types.findIndex((type) => type > 1);
	if (wrong >= 0) {
		throw new KernelError(
			'shape',
			`${operator}: types holds 0 (softmax) or 1 (state), got ${inputs.types[wrong]} at ${wrong}`,
		);
	}
}

export function memoryShapeOf({ B, H, T, K, V }: HybridShape): MemoryShape {
	return { B, H, queryHeads: H, keyHeads: H, valueHeads: H, T, K, V };
}

export function stateRule(
	{ types }: HybridInputs,
	{ K, C }: HybridShape,
	{ stateScale = 1 / Math.sqrt(K), keepDecay = true }: HybridOptions,
) {
	return { operator, erases: true, scale: stateScale, routes: { types, chunk: C, keepDecay } };
}
