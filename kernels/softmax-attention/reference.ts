import { headsOf } from '../common/head-arrays.ts';
import { arrayOf, indexOf } from '../common/tensors.ts';
import {
	checkSoftmax,
	operator,
	type SoftmaxInputs,
	type SoftmaxOptions,
	type SoftmaxShape,
} from './shape.ts';

/**
 * One row of the probabilities as the equations read, in float64: the definition the shaders are held to.
 *
 * @returns `(b, h, t) → [S]`; all zero for a query that may see nothing
 * @throws KernelError `shape` when something does not fit, `device` for tensors on a GPU
 * @see Vaswani et al., "Attention Is All You Need", arXiv:1706.03762, equation 1
 */
export function softmaxAttentionReference(
	inputs: SoftmaxInputs,
	shape: SoftmaxShape,
	options: SoftmaxOptions = {},
): (batch: number, head: number, t: number) => Float64Array {
	checkSoftmax(inputs, shape, options);
	const { H, keyHeads, T, S, K } = shape;
	const { scale = 1 / Math.sqrt(K), softCap, slopes, causal = false, queryOffset = 0 } = options;
	const { causalFill = -Infinity, window = Infinity } = options;
	const queries = headsOf(operator, 'q', inputs.q, T, K);
	const keys = headsOf(operator, 'k', inputs.k, S, K);
	const { additive, allowed, sink } = inputs;
	const added = additive && arrayOf(operator, 'additive', additive);
	const sinks = sink && arrayOf(operator, 'sink', sink);
	const bytes = allowed && arrayOf(operator, 'allowed', allowed.tensor);

	return (b, h, t) => {
		const own = t + queryOffset;
		const q = queries(b, h);
		const k = keys(b, Math.floor((h * keyHeads) / H));
		const scores = new Float64Array(S);
		for (let j = 0; j < S; j++) {
			let score = 0;
			for (let i = 0; i < K; i++) score += q[t * K + i]! * k[j * K + i]!;
			score *= scale;
			if (softCap !== undefined) score = softCap * Math.tanh(score / softCap);
			if (slopes) score += slopes[h]! * (j - own);
			if (added) score += added[indexOf(additive, b, h, t, j)]!;
			if (bytes) {
				const set = bytes[indexOf(allowed.tensor, b, h, t, j)] !== 0;
				if (set !== (allowed.one !== 'fill')) score = allowed.fill ?? -Infinity;
			}
			if (causal && j > own) score = causalFill;
			if (j <= own - window) score = -Infinity;
			scores[j] = score;
		}
		const aside = sinks ? sinks[indexOf(sink, b, h, t, 0)]! : -Infinity;
		const largest = scores.reduce((a, x) => Math.max(a, x), aside);
		if (largest === -Infinity) return scores.fill(0);
		const weights = scores.map((score) => Math.exp(score - largest));
		const sum = weights.reduce((a, x) => a + x, Math.exp(aside - largest));
		return weights.map((weight) => weight / sum);
	};
}
