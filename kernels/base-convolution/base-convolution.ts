import type { AttentionResults } from '../common/attention-results.ts';
import { blockResults } from '../common/block-results.ts';
import type { Block } from '../common/blocks.ts';
import { rowResults } from '../common/row-results.ts';
import type { Recorder } from '../common/recorder.ts';
import { offsetOf, type Strided } from '../common/tensors.ts';
import convolve from './convolve.wgsl';
import { baseConvolutionReference } from './reference.ts';
import {
	checkConvolution,
	operator,
	type ConvolutionInputs,
	type ConvolutionOptions,
	type ConvolutionShape,
} from './shape.ts';

export type { ConvolutionInputs, ConvolutionOptions, ConvolutionShape } from './shape.ts';

/**
 * The gated causal convolution `y = (filter ∗ u + bias) ⊙ gate + u` over tensors on the GPU or in arrays; where
 * `device` is undefined, by the float64 reference, for arrays only. Of the family of results, a head is a
 * channel and V is 1.
 *
 * @throws KernelError `shape` when an input does not fit; results reject as those of the family do
 * @see Arora et al., "Zoology", arXiv:2312.04927, definition of BaseConv
 */
export function baseConvolution(
	device: GPUDevice | undefined,
	inputs: ConvolutionInputs,
	shape: ConvolutionShape,
	options: ConvolutionOptions = {},
): AttentionResults {
	checkConvolution(inputs, shape);
	const { B, D, T, L } = shape;
	const matrix = {
		operator,
		shape: { B, H: D, T, S: T, V: 1 },
		v: inputs.u,
		valueHeads: D,
		queryOffset: 0,
	};
	if (!device) {
		return rowResults({ ...matrix, ...baseConvolutionReference(inputs, shape, options) });
	}
	const whole = { firstHead: 0, heads: B * D, firstRow: 0, rows: 1 };
	const record = (
		recording: Recorder,
		block: Block,
		target: GPUBuffer,
		write: { readonly rows?: boolean; readonly bias_only?: boolean },
	) => {
		const { u, filter, bias, gate } = inputs;
		recording.dispatch({
			label: `${operator}: convolve`,
			shader: convolve,
			constants: {
				...write,
				gated: gate !== undefined,
				biased: bias !== undefined,
				residual: options.residual ?? true,
				oldest_first: options.taps === 'oldest-first',
			},
			whole: [
				...[...u.strides, ...filter.strides, ...(bias ?? ABSENT).strides],
				...[...(gate ?? ABSENT).strides, offsetOf(u), offsetOf(filter)],
				...[offsetOf(bias ?? ABSENT), offsetOf(gate ?? ABSENT), D, T, L],
				...[block.firstHead, block.firstRow, block.rows],
			],
			buffers: [
				...[recording.input(u.data), recording.input(filter.data)],
				...[recording.input((bias ?? ABSENT).data), recording.input((gate ?? ABSENT).data), target],
			],
			workgroups: [Math.ceil(T / 64), write.rows ? block.rows : 1, block.heads],
			work: block.heads * T * (write.rows ? block.rows : L),
		});
	};
	return blockResults(device, {
		...matrix,
		reach: 1,
		scaled: false,
		prepare: () => undefined,
		record: (recording, block, { weights }) => record(recording, block, weights, { rows: true }),
		recordOutput: (recording, target) => record(recording, whole, target, {}),
		...(inputs.bias && {
			recordCarry: (recording, block, target) =>
				record(recording, block, target, { bias_only: true }),
		}),
	});
}

/** Stands for an input that is not there. */
const ABSENT: Strided = { data: new Float32Array(1), strides: [0, 0, 0, 0] };
