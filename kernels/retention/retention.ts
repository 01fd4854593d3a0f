import type { AttentionResults } from '../common/attention-results.ts';
import { blockResults } from '../common/block-results.ts';
import { rowResults } from '../common/row-results.ts';
import { recordRowSums } from '../common/scores/record-row-sums.ts';
import {
	reachOf,
	recordScores,
	recordTransposed,
	type ScoreRecipe,
} from '../common/scores/record-scores.ts';
import { retentionReference } from './reference.ts';
import {
	checkRetention,
	operator,
	type RetentionInputs,
	type RetentionOptions,
	type RetentionShape,
} from './shape.ts';

export type { RetentionInputs, RetentionOptions, RetentionShape } from './shape.ts';

/**
 * Retention in its parallel form, over tensors on the GPU or in arrays; where `device` is undefined, by the float64
 * reference, for arrays only. Nothing is computed before a result is asked for, and nothing is kept.
 *
 * @throws KernelError `shape` when an input does not fit; results reject as those of the family do
 * @see Sun et al., "Retentive Network", arXiv:2307.08621, equation 5
 */
export function retention(
	device: GPUDevice | undefined,
	inputs: RetentionInputs,
	shape: RetentionShape,
	options: RetentionOptions = {},
): AttentionResults {
	checkRetention(inputs, shape, options);
	const { B, H, keyHeads, S, K } = shape;
	const matrix = { operator, shape, v: inputs.v, valueHeads: keyHeads, queryOffset: 0 };
	if (!device) return rowResults({ ...matrix, row: retentionReference(inputs, shape, options) });
	const { scale = 1, normalised = false, causal = false } = options;
	const recipe: ScoreRecipe = {
		sizes: { H, group: H / keyHeads, S, K },
		q: inputs.q,
		scale,
		factors: inputs.table,
		causalFill: causal ? -Infinity : undefined,
		plain: true,
	};
	return blockResults(device, {
		...matrix,
		reach: reachOf(recipe),
		scaled: normalised,
		prepare: (recording) => recordTransposed(recording, inputs.k, [B, keyHeads, S, K]),
		record: (recording, block, target, keys) => {
			recordScores(recording, block, target.weights, keys, recipe);
			if (!normalised) return;
			const rows = { operator, columns: S, reach: reachOf(recipe) };
			recordRowSums(recording, block, target, rows, { least: 1 });
		},
	});
}
