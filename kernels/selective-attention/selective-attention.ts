import type { AttentionResults } from '../common/attention-results.ts';
import { blockResults } from '../common/block-results.ts';
import type { Block, BlockTarget } from '../common/blocks.ts';
import type { Recorder } from '../common/recorder.ts';
import { rowResults } from '../common/row-results.ts';
import {
	reachOf,
	recordScores,
	recordSoftmax,
	recordTransposed,
	type ScoreRecipe,
} from '../common/scores/record-scores.ts';
import { offsetOf } from '../common/tensors.ts';
import choose from './choose.wgsl';
import count from './count.wgsl';
import gain from './gain.wgsl';
import { selectiveAttentionReference } from './reference.ts';
import restrict from './restrict.wgsl';
import {
	checkSelective,
	operator,
	type Choice,
	type SelectiveInputs,
	type SelectiveOptions,
	type SelectiveShape,
} from './shape.ts';

export type {
	Choice,
	LocalAttention,
	SelectiveInputs,
	SelectiveOptions,
	SelectiveShape,
} from './shape.ts';

/**
 * Attention for chosen tokens only, `f ⊙ Attention`, over tensors on the GPU or in arrays; where `device` is
 * undefined, by the float64 reference, for arrays only. Rows of tokens that were not chosen are zero: the
 * layer's residual carries them.
 *
 * @throws KernelError `shape` when an input does not fit; results reject as those of the family do
 * @see Arora et al., "Zoology", arXiv:2312.04927; Ren et al., "Sparse Modular Activation", arXiv:2306.11197
 */
export function selectiveAttention(
	device: GPUDevice | undefined,
	inputs: SelectiveInputs,
	shape: SelectiveShape,
	options: SelectiveOptions,
): AttentionResults {
	checkSelective(inputs, shape, options);
	const { B, H, T, K, V } = shape;
	const { q, k, v } = inputs;
	const { local, scale = 1 / Math.sqrt(K), causal = true } = options;
	const matrix = { operator, shape: { B, H, T, S: T, V }, v, valueHeads: H, queryOffset: 0 };
	if (!device) {
		return rowResults({ ...matrix, row: selectiveAttentionReference(inputs, shape, options) });
	}
	const recipe: ScoreRecipe = {
		sizes: { H, group: 1, S: T, K },
		q,
		scale,
		causalFill: causal ? -Infinity : undefined,
	};
	return blockResults(device, {
		...matrix,
		reach: reachOf(recipe),
		scaled: true,
		prepare: (recording) => ({
			keys: recordTransposed(recording, k, [B, H, T, K]),
			...recordChoice(recording, inputs, shape, options.choice),
		}),
		record: (recording, block, target, { keys, gains, positions }) => {
			recordScores(recording, block, target.weights, keys, recipe);
			const place = [block.rows, T, H, block.firstRow, block.firstHead];
			if (local) {
				recording.dispatch({
					label: `${operator}: restrict`,
					shader: restrict,
					constants: { squared: local.weigh === 'relu2' },
					whole: [...place, local.window],
					real: [local.bias ?? 0],
					buffers: [positions, target.weights],
					workgroups: [Math.ceil(T / 64), block.rows, block.heads],
				});
			}
			const normalised = local?.weigh !== 'relu2';
			if (normalised) recordSoftmax(recording, block, target, recipe);
			recordGain(recording, block, target, place, { gains, normalised });
		},
	});
}

function recordGain(
	recording: Recorder,
	block: Block,
	{ scales }: BlockTarget,
	place: readonly number[],
	{ gains, normalised }: { readonly gains: GPUBuffer; readonly normalised: boolean },
): void {
	recording.dispatch({
		label: `${operator}: gain`,
		shader: gain,
		constants: { normalised },
		whole: place,
		buffers: [gains, scales],
		workgroups: [Math.ceil(block.rows / 64), block.heads],
	});
}

const CHOICES = { all: 0, top: 1, threshold: 2 } as const;

function recordChoice(
	recording: Recorder,
	{ selector }: SelectiveInputs,
	{ B, T }: SelectiveShape,
	choice: Choice,
): { gains: GPUBuffer; positions: GPUBuffer } {
	const gains = recording.scratch(B * T);
	const chosen = recording.scratch(B * T);
	const positions = recording.scratch(B * T);
	recording.dispatch({
		label: `${operator}: choose`,
		shader: choose,
		constants: { choice: CHOICES[choice.by] },
		whole: [
			...[...selector.strides, offsetOf(selector), B, T],
			choice.by === 'top' ? choice.count : 0,
		],
		real: [choice.by === 'threshold' ? choice.above : 0],
		buffers: [recording.input(selector.data), gains, chosen],
		workgroups: [Math.ceil(T / 64), B],
		work: B * T * T,
	});
	recording.dispatch({
		label: `${operator}: count`,
		shader: count,
		whole: [T],
		buffers: [chosen, positions],
		workgroups: [Math.ceil(T / 64), B],
		work: B * T * T,
	});
	return { gains, positions };
}
