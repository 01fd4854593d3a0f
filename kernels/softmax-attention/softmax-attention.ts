import type { AttentionResults } from '../common/attention-results.ts';
import { blockResults } from '../common/block-results.ts';
import { rowResults } from '../common/row-results.ts';
import {
	reachOf,
	recordScores,
	recordSoftmax,
	recordSoftmaxStatistics,
	recordTransposed,
	type ScoreRecipe,
} from '../common/scores/record-scores.ts';
import { softmaxAttentionReference } from './reference.ts';
import {
	checkSoftmax,
	operator,
	type SoftmaxInputs,
	type SoftmaxOptions,
	type SoftmaxShape,
} from './shape.ts';

export type { AllowedMask, SoftmaxInputs, SoftmaxOptions, SoftmaxShape } from './shape.ts';

/**
 * Softmax attention over tensors on the GPU or in arrays; where `device` is undefined, by the float64
 * reference, for arrays only. Nothing is computed before a result is asked for, and nothing is kept
 * between results, so there is nothing to free; tensors on the GPU must live until a result is there.
 *
 * @throws KernelError `shape` when an input does not fit. A result rejects with `shape` for a rectangle
 *   outside the matrix, `limit` for a buffer larger than the device binds, `device` when the GPU refuses
 * @see Vaswani et al., "Attention Is All You Need", arXiv:1706.03762
 */
export function softmaxAttention(
	device: GPUDevice | undefined,
	inputs: SoftmaxInputs,
	shape: SoftmaxShape,
	options: SoftmaxOptions = {},
): AttentionResults {
	checkSoftmax(inputs, shape, options);
	const { B, H, keyHeads, S, K } = shape;
	const { queryOffset = 0 } = options;
	const matrix = { operator, shape, v: inputs.v, valueHeads: keyHeads, queryOffset };
	if (!device) {
		return rowResults({ ...matrix, row: softmaxAttentionReference(inputs, shape, options) });
	}
	const recipe: ScoreRecipe = {
		sizes: { H, group: H / keyHeads, S, K },
		q: inputs.q,
		additive: inputs.additive,
		allowed: inputs.allowed,
		sink: inputs.sink,
		scale: options.scale ?? 1 / Math.sqrt(K),
		softCap: options.softCap,
		slopes: options.slopes,
		causalFill: options.causal ? (options.causalFill ?? -Infinity) : undefined,
		queryOffset,
		window: options.window,
	};
	return blockResults(device, {
		...matrix,
		reach: reachOf(recipe),
		scaled: true,
		prepare: (recording) => recordTransposed(recording, inputs.k, [B, keyHeads, S, K]),
		record: (recording, block, target, keys) => {
			recordScores(recording, block, target.weights, keys, recipe);
			recordSoftmax(recording, block, target, recipe);
		},
		// statistics straight from the scores bind as many buffers as a shader may, and have no room for sinks
		...(!inputs.sink && {
			recordStatistics: (recording, target) => {
				const keys = recordTransposed(recording, inputs.k, [B, keyHeads, S, K]);
				recordSoftmaxStatistics(recording, shape, target, keys, recipe);
			},
		}),
	});
}
