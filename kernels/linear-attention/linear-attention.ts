import { KernelError } from '../common/kernel-error.ts';
import type { MemoryResults } from '../common/memory-results.ts';
import { checkMemory, type MemoryInputs, type MemoryShape } from '../common/memory/memory.ts';
import { memoryResults } from '../common/memory/memory-results.ts';
import type { ScoreRecipe } from '../common/scores/record-scores.ts';
import { checkReach } from '../common/tensors.ts';
import { checkFeatures, featureCount, featuresOf, type FeatureMap } from './features.ts';
import { linearAttentionReference } from './reference.ts';

export { mapFeatures, type FavorMap, type FeatureMap } from './features.ts';
export type { Decay, MemoryInputs, MemoryShape } from '../common/memory/memory.ts';

export interface LinearOptions {
	/** Applied to queries and keys; identity when absent. */
	readonly features?: FeatureMap;
	/** Whether a query sees no later key. True when absent. */
	readonly causal?: boolean;
	/** Divides row t by `Σ_j M[t,j] + epsilon`; not divided when absent. */
	readonly normaliser?: { readonly epsilon: number };
	/** Multiplies every answer, before the normaliser; 1 when absent. */
	readonly scale?: number;
}

const operator = 'linear-attention';

/**
 * Linear attention, gated where a decay is given, over tensors on the GPU or in arrays; where `device` is
 * undefined, by the float64 reference, for arrays only. Nothing is computed before a result is asked for,
 * and nothing is kept. Of `states`, K is the number of features.
 *
 * @throws KernelError `shape` when an input does not fit, or for a decay or an initial state that has no
 *   meaning with the options. A result rejects with `shape` for a head, token or rectangle that is not
 *   there, `limit` for a buffer larger than the device binds, `device` when the GPU refuses
 * @see Katharopoulos et al., "Transformers are RNNs", arXiv:2006.16236, equations 9 and 18
 */
export function linearAttention(
	device: GPUDevice | undefined,
	inputs: MemoryInputs,
	shape: MemoryShape,
	options: LinearOptions = {},
): MemoryResults {
	const { features = { kind: 'identity' }, causal = true, normaliser, scale = 1 } = options;
	const rule = { operator, erases: false, scale };
	checkMemory({ ...inputs, initial: undefined }, shape, rule);
	checkFeatures(operator, features, shape.K);
	checkOptions(inputs, options);
	const { B, H, queryHeads, keyHeads, T } = shape;
	const mapped = { ...shape, K: featureCount(features, shape.K) };
	if (inputs.initial) {
		checkReach(operator, 'initial', inputs.initial, [B, H, mapped.K, shape.V]);
	}
	if (!device) {
		return linearAttentionReference(inputs, shape, { features, causal, normaliser, scale });
	}
	const q = featuresOf(features, inputs.q, [B, queryHeads, T, shape.K]);
	const k = featuresOf(features, inputs.k, [B, keyHeads, T, shape.K]);
	const memory = {
		inputs: { ...inputs, q, k },
		shape: mapped,
		rule,
		normaliser: normaliser?.epsilon,
		readsLast: !causal,
	};
	const tiles: ScoreRecipe = {
		sizes: { H, group: H / keyHeads, S: T, K: mapped.K },
		q,
		scale,
		causalFill: causal ? -Infinity : undefined,
		plain: true,
	};
	const tiled = !inputs.decay && !inputs.beta && !inputs.initial && queryHeads === H;
	return memoryResults(device, memory, tiled ? tiles : undefined);
}

function checkOptions(
	{ decay, initial }: MemoryInputs,
	{ causal = true, normaliser }: LinearOptions,
): void {
	const refuse = (problem: string): never => {
		throw new KernelError('shape', `${operator}: ${problem}`);
	};
	if (!causal && decay) refuse('a decay needs an order of tokens, but causal is false');
	if (!causal && initial) refuse('an initial state needs an order of tokens, but causal is false');
	if (normaliser && initial) refuse('an initial state has no normaliser to go with it');
	if (normaliser && !Number.isFinite(normaliser.epsilon)) {
		refuse(`the normaliser's epsilon must be finite, got ${normaliser.epsilon}`);
	}
}
