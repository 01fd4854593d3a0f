import { arrayOf, indexOf } from '../common/tensors.ts';
import {
	operator,
	type SelectiveInputs,
	type SelectiveOptions,
	type SelectiveShape,
} from './shape.ts';

/** Which tokens of each sequence attend, `[B, T]`. @throws KernelError `device` for a tensor on a GPU */
export function chosenTokens(
	{ selector }: SelectiveInputs,
	{ B, T }: SelectiveShape,
	{ choice }: SelectiveOptions,
): boolean[][] {
	const data = arrayOf(operator, 'selector', selector);
	return Array.from({ length: B }, (_, b) => {
		const f = Array.from({ length: T }, (_unused, t) => data[indexOf(selector, b, 0, t, 0)]!);
		if (choice.by === 'all') return f.map(() => true);
		if (choice.by === 'threshold') return f.map((x) => x > choice.above);
		const order = f.map((_x, t) => t).sort((s, t) => f[t]! - f[s]! || s - t);
		const best = new Set(order.slice(0, choice.count));
		return f.map((_x, t) => best.has(t));
	});
}

/**
 * One row of the effective matrix as its equations read, in float64.
 *
 * @see Arora et al., "Zoology", arXiv:2312.04927 (selection); Ren et al., arXiv:2306.11197 (local attention)
 */
export function selectiveAttentionReference(
	inputs: SelectiveInputs,
	shape: SelectiveShape,
	options: SelectiveOptions,
): (b: number, h: number, t: number) => Float64Array {
	const { T, K } = shape;
	const { local, scale = 1 / Math.sqrt(K), causal = true } = options;
	const q = arrayOf(operator, 'q', inputs.q);
	const k = arrayOf(operator, 'k', inputs.k);
	const f = arrayOf(operator, 'selector', inputs.selector);
	const chosen = chosenTokens(inputs, shape, options);

	return (b, h, t) => {
		const weights = new Float64Array(T);
		const own = chosen[b]!;
		if (!own[t]) return weights;
		const between = (j: number) =>
			own.slice(Math.min(j, t) + 1, Math.max(j, t) + 1).filter(Boolean).length;
		const seen = Array.from({ length: T }, (_, j) => j).filter((j) => {
			if (causal && j > t) return false;
			return !local || (own[j] && between(j) < local.window);
		});
		const scores = seen.map((j) => {
			let score = 0;
			for (let i = 0; i < K; i++) {
				score += q[indexOf(inputs.q, b, h, t, i)]! * k[indexOf(inputs.k, b, h, j, i)]!;
			}
			return score * scale;
		});
		const gain = f[indexOf(inputs.selector, b, 0, t, 0)]!;
		if (local?.weigh === 'relu2') {
			seen.forEach((j, at) => {
				weights[j] = gain * Math.max(scores[at]! + (local.bias ?? 0), 0) ** 2;
			});
			return weights;
		}
		const largest = Math.max(...scores);
		const sum = scores.reduce((total, score) => total + Math.exp(score - largest), 0);
		seen.forEach((j, at) => (weights[j] = (gain * Math.exp(scores[at]! - largest)) / sum));
		return weights;
	};
}
