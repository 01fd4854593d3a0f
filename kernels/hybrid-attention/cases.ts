import { memoryShape, randomMemory } from '../common/memory/cases.ts';
import { seeded } from '../common/seeded.ts';
import { laidOut } from '../common/tensors.ts';
import type { HybridInputs, HybridOptions, HybridShape } from './hybrid-attention.ts';

export interface HybridCase {
	readonly name: string;
	readonly shape: HybridShape;
	readonly options?: HybridOptions;
}

const small: HybridShape = { B: 2, H: 2, T: 45, K: 6, softmaxK: 5, V: 4, C: 8 };

/** Chunks that end with the sequence and that do not, one token, several blocks of rows. */
export const cases: readonly HybridCase[] = [
	{ name: 'one token', shape: { ...small, B: 1, T: 1, H: 1 } },
	{ name: 'an open last chunk', shape: small },
	{ name: 'a whole last chunk', shape: { ...small, T: 48, C: 16 } },
	{ name: 'chunks that freeze the state', shape: small, options: { keepDecay: false } },
	{ name: 'several blocks', shape: { ...small, B: 1, H: 1, T: 760, C: 64 } },
];

/** RMS error over RMS of the float64 reference. SwiftShader measures at most 1.5e-7 (a mean distance); this leaves tenfold. */
export const tolerances = { weights: 4e-6, statistics: 2e-5 };

export function randomHybrid(
	{ B, H, T, K, softmaxK, V, C }: HybridShape,
	seed = 5,
): HybridInputs & {
	readonly mix: { readonly data: Float32Array<ArrayBuffer> };
} {
	const state = randomMemory(memoryShape(B, H, T, K, V), seed);
	const other = randomMemory(memoryShape(B, H, T, softmaxK, V), seed + 1);
	const next = seeded(seed + 2);
	return {
		state: {
			...{ q: state.q, k: state.k, v: state.v, beta: state.beta },
			decay: { tensor: state.decay, is: 'factor' },
		},
		softmax: { q: other.q, k: other.k, v: other.v },
		types: Uint32Array.from({ length: B * H * Math.ceil(T / C) }, () => (next() < 0.5 ? 0 : 1)),
		mix: laidOut(Float32Array.from({ length: B * H * T * 2 }, next), 'BHTK', [B, H, T, 2]),
	};
}
