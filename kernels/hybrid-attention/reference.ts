import { arrayOf, indexOf } from '../common/tensors.ts';
import { operator, type HybridInputs, type HybridOptions, type HybridShape } from './shape.ts';

/**
 * One row of the softmax branch as its equation reads, in float64: query t sees key j of an earlier chunk
 * that softmax remembers, and j ≤ t of its own chunk.
 *
 * @throws KernelError `device` for tensors on a GPU
 * @see "Neural Attention Search Linear", arXiv:2602.03681
 */
export function softmaxBranchReference(
	{ softmax, types }: HybridInputs,
	{ H, T, softmaxK, C }: HybridShape,
	{ softmaxScale = 1 / Math.sqrt(softmaxK) }: HybridOptions,
): (b: number, h: number, t: number) => Float64Array {
	const q = arrayOf(operator, 'softmax q', softmax.q);
	const k = arrayOf(operator, 'softmax k', softmax.k);
	const chunks = Math.ceil(T / C);
	const chunkOf = (t: number) => Math.floor(t / C);
	return (b, h, t) => {
		const seen = (j: number) =>
			chunkOf(j) === chunkOf(t) ? j <= t : j < t && types[(b * H + h) * chunks + chunkOf(j)] === 0;
		const scores = Float64Array.from({ length: T }, (_, j) => {
			if (!seen(j)) return -Infinity;
			let score = 0;
			for (let i = 0; i < softmaxK; i++) {
				score += q[indexOf(softmax.q, b, h, t, i)]! * k[indexOf(softmax.k, b, h, j, i)]!;
			}
			return score * softmaxScale;
		});
		const largest = scores.reduce((a, x) => Math.max(a, x));
		const weights = scores.map((score) => Math.exp(score - largest));
		const sum = weights.reduce((a, x) => a + x, 0);
		return weights.map((weight) => weight / sum);
	};
}
