import { KernelError } from '../kernel-error.ts';
import { checkReach, type Strided } from '../tensors.ts';

/** Sizes in elements. H is a multiple of each number of heads; query head h uses head `⌊h · heads / H⌋`. */
export interface MemoryShape {
	readonly B: number;
	/** Heads of the output; each has its own memory. */
	readonly H: number;
	readonly queryHeads: number;
	readonly keyHeads: number;
	/** Heads of v, decay and beta. */
	readonly valueHeads: number;
	readonly T: number;
	readonly K: number;
	readonly V: number;
}

/** Tensors of a memory `S_t = (I − e_t k_t k_tᵀ) diag(a_t) S_{t−1} + w_t k_t v_tᵀ`, with any strides. */
export interface MemoryInputs {
	/** `[B, queryHeads, T, K]`. */
	readonly q: Strided;
	/** `[B, keyHeads, T, K]`. */
	readonly k: Strided;
	/** `[B, valueHeads, T, V]`. */
	readonly v: Strided;
	/** a, `[B, valueHeads, T, K]`; channel stride 0 for one decay a head. 1 when absent. */
	readonly decay?: Decay | undefined;
	/** `[B, valueHeads, T, 1]`. 1 when absent. */
	readonly beta?: Strided | undefined;
	/** `[B, H, K, V]`. Empty when absent. */
	readonly initial?: Strided | undefined;
}

export interface Decay {
	readonly tensor: Strided;
	/** Whether the tensor holds `a` in [0, 1] or `g = ln a` at most 0. */
	readonly is: 'factor' | 'log';
}

/** What kind of memory, beside its tensors. */
export interface MemoryRule {
	/** The operator's folder name, for error messages. */
	readonly operator: string;
	/** w = β always; e = β where the rule erases what the key returned before, else 0. */
	readonly erases: boolean;
	/** Multiplies every answer. */
	readonly scale: number;
	/** Chunks whose writes are rolled back at their end, and their decay too where `keepDecay` is not set. */
	readonly routes?: MemoryRoutes | undefined;
}

export interface MemoryRoutes {
	/** `[B, H, ⌈T / chunk⌉]`: 1 where the chunk stays in the memory, 0 where it is rolled back. */
	readonly types: Uint32Array<ArrayBuffer>;
	/** Tokens in a chunk. */
	readonly chunk: number;
	readonly keepDecay: boolean;
}

/** @throws KernelError `shape` naming the first thing that does not fit. */
export function checkMemory(inputs: MemoryInputs, shape: MemoryShape, rule: MemoryRule): void {
	const { operator, routes } = rule;
	const refuse = (problem: string): never => {
		throw new KernelError('shape', `${operator}: ${problem}`);
	};
	for (const [name, size] of Object.entries(shape)) {
		if (typeof size === 'number' && !(Number.isInteger(size) && size > 0)) {
			refuse(`${name} must be a whole number above 0, got ${size}`);
		}
	}
	const { B, H, queryHeads, keyHeads, valueHeads, T, K, V } = shape;
	for (const [name, heads] of Object.entries({ queryHeads, keyHeads, valueHeads })) {
		if (H % heads !== 0) refuse(`H=${H} heads cannot share ${name}=${heads} evenly`);
	}
	if (!Number.isFinite(rule.scale)) refuse(`scale must be finite, got ${rule.scale}`);
	checkReach(operator, 'q', inputs.q, [B, queryHeads, T, K]);
	checkReach(operator, 'k', inputs.k, [B, keyHeads, T, K]);
	checkReach(operator, 'v', inputs.v, [B, valueHeads, T, V]);
	if (inputs.decay) checkReach(operator, 'decay', inputs.decay.tensor, [B, valueHeads, T, K]);
	if (inputs.beta) checkReach(operator, 'beta', inputs.beta, [B, valueHeads, T, 1]);
	if (inputs.initial) checkReach(operator, 'initial', inputs.initial, [B, H, K, V]);
	if (!routes) return;
	if (!(Number.isInteger(routes.chunk) && routes.chunk > 0)) {
		refuse(`a chunk must hold a whole number of tokens above 0, got ${routes.chunk}`);
	}
	const chunks = B * H * Math.ceil(T / routes.chunk);
	if (routes.types.length !== chunks) {
		refuse(
			`types needs ${chunks} elements for B=${B} H=${H} T=${T} chunk=${routes.chunk}, got ${routes.types.length}`,
		);
	}
}
