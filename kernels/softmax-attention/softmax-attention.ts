import type { AttentionResults } from '../common/attention-results.ts';
import { blockResults, offsetOf, type Block } from '../common/block-results.ts';
import { rowResults } from '../common/row-results.ts';
import type { Recording } from '../common/run-kernel.ts';
import normalise from './normalise.wgsl';
import { softmaxAttentionReference } from './reference.ts';
import scores from './scores.wgsl';
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
	const { S, keyHeads } = shape;
	const { queryOffset = 0, causal = false, causalFill = -Infinity } = options;
	const matrix = { operator, shape, v: inputs.v, valueHeads: keyHeads, queryOffset };
	if (!device) {
		return rowResults({ ...matrix, row: softmaxAttentionReference(inputs, shape, options) });
	}
	return blockResults(device, {
		...matrix,
		reach: causal && causalFill === -Infinity ? queryOffset + 1 : S,
		record: (recording, block, target) =>
			recordWeights(recording, block, target, inputs, shape, options),
	});
}

/** As `scores.wgsl` has them. */
const FLAGS = {
	causal: 1,
	additive: 2,
	allowed: 4,
	keepZero: 8,
	causalExcludes: 16,
	allowedExcludes: 32,
	capped: 64,
} as const;

function recordWeights(
	recording: Recording,
	{ firstHead, heads, firstRow, rows }: Block,
	target: GPUBuffer,
	{ q, k, additive, allowed }: SoftmaxInputs,
	{ H, keyHeads, S, K }: SoftmaxShape,
	options: SoftmaxOptions,
): void {
	const { scale = 1 / Math.sqrt(K), softCap, slopes, causal = false, queryOffset = 0 } = options;
	const { causalFill = -Infinity, window = 0 } = options;
	const allowedFill = allowed?.fill ?? -Infinity;
	const flags =
		(causal ? FLAGS.causal : 0) |
		(additive ? FLAGS.additive : 0) |
		(allowed ? FLAGS.allowed : 0) |
		(allowed?.one === 'fill' ? FLAGS.keepZero : 0) |
		(causalFill === -Infinity ? FLAGS.causalExcludes : 0) |
		(allowedFill === -Infinity ? FLAGS.allowedExcludes : 0) |
		(softCap === undefined ? 0 : FLAGS.capped);
	const none = [0, 0, 0, 0];
	const seen = causal && causalFill === -Infinity ? Math.min(S, firstRow + rows + queryOffset) : S;
	recording.dispatch({
		label: `${operator}: scores`,
		shader: scores,
		whole: [
			...[...q.strides, ...k.strides, ...(additive?.strides ?? none)],
			...(allowed?.tensor.strides ?? none),
			...[offsetOf(q), offsetOf(k), additive ? offsetOf(additive) : 0],
			allowed ? byteOffsetOf(allowed.tensor) : 0,
			...[rows, firstRow, firstHead, S, K, H, H / keyHeads, queryOffset, window, flags],
		],
		real: [scale, softCap ?? 0, finite(causalFill), finite(allowedFill)],
		buffers: [
			recording.input(q.data),
			recording.input(k.data),
			additive ? recording.input(additive.data) : recording.input(NOTHING),
			allowed ? recording.input(allowed.tensor.data) : recording.input(NOTHING),
			recording.input(slopes ?? new Float32Array(H)),
			target,
		],
		workgroups: [Math.ceil(S / 32), Math.ceil(rows / 32), heads],
		work: heads * rows * seen * K,
	});
	recording.dispatch({
		label: `${operator}: normalise`,
		shader: normalise,
		whole: [rows, S],
		buffers: [target],
		workgroups: [rows, heads],
		work: heads * rows * S * 4,
	});
}

/** Bound where there is no mask. */
const NOTHING = new Float32Array(1);

/** −∞ is told by a flag: a uniform that holds it is not portable. */
function finite(fill: number): number {
	return Number.isFinite(fill) ? fill : 0;
}

function byteOffsetOf({ data, offset = 0 }: { data: object; offset?: number }): number {
	return offset + ('offsetBytes' in data ? (data.offsetBytes as number) : 0);
}
