import { keepLast } from '../common/head-arrays.ts';
import type { MemoryResults } from '../common/memory-results.ts';
import type { MemoryInputs, MemoryShape } from '../common/memory/memory.ts';
import { dot, headReader, memoryRow } from '../common/memory/memory-reference.ts';
import { memoryRows } from '../common/memory/memory-rows.ts';
import { featureCount, mapFeatures, type FeatureMap } from './features.ts';

export interface ReferenceOptions {
	readonly features: FeatureMap;
	readonly causal: boolean;
	readonly normaliser: { readonly epsilon: number } | undefined;
	readonly scale: number;
}

/**
 * Linear attention in float64: `M[t,j] = scale · φ(q_t)·φ(k_j) · decay(j+1 … t)`, divided by its sum over j
 * where there is a normaliser.
 */
export function linearAttentionReference(
	inputs: MemoryInputs,
	shape: MemoryShape,
	{ features, causal, normaliser, scale }: ReferenceOptions,
): MemoryResults {
	const { T, K } = shape;
	const F = featureCount(features, K);
	const rule = { operator: 'linear-attention', erases: false, scale };
	const head = keepLast((b, h) => {
		const plain = headReader(inputs, shape, { ...rule, scale: 1 }, b, h);
		const wide = headReader(inputs, { ...shape, K: F }, rule, b, h);
		const tokens = Array.from({ length: T }, (_, t) => t);
		const q = tokens.map((t) => mapFeatures(features, plain.q(t)).map((x) => x * scale));
		const k = tokens.map((t) => mapFeatures(features, plain.k(t)));
		return { ...wide, q: (t: number) => q[t]!, k: (t: number) => k[t]! };
	});
	const row = (b: number, h: number, t: number) => {
		const reader = head(b, h);
		const weights = causal
			? memoryRow(reader, false, T, t).weights
			: Float64Array.from({ length: T }, (_, j) => reader.beta(j) * dot(reader.q(t), reader.k(j)));
		if (!normaliser) return weights;
		const sum = weights.reduce((a, x) => a + x, 0) + normaliser.epsilon;
		return weights.map((weight) => weight / sum);
	};
	return memoryRows({ inputs, shape: { ...shape, K: F }, rule }, { head, row });
}
