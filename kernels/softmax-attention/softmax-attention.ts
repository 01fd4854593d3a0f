import type { AttentionResults } from '../common/attention-results.ts';
import {
	blockResults,
	offsetOf,
	recordTransposed,
	type Block,
	type BlockTarget,
} from '../common/block-results.ts';
import { rowResults } from '../common/row-results.ts';
import type { Recording } from '../common/run-kernel.ts';
import { isGpuTensor, type BooleanSource, type Strided } from '../common/tensors.ts';
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
	const { queryOffset = 0 } = options;
	const matrix = { operator, shape, v: inputs.v, valueHeads: keyHeads, queryOffset };
	if (!device) {
		return rowResults({ ...matrix, row: softmaxAttentionReference(inputs, shape, options) });
	}
	return blockResults(device, {
		...matrix,
		reach: reachOf(shape, options),
		scaled: true,
		prepare: (recording) => recordTransposed(recording, inputs.k, [shape.B, keyHeads, S, shape.K]),
		record: (recording, block, target, keys) =>
			recordWeights(recording, block, target, keys, { inputs, shape, options }),
	});
}

interface Asked {
	readonly inputs: SoftmaxInputs;
	readonly shape: SoftmaxShape;
	readonly options: SoftmaxOptions;
}

function reachOf(
	{ S }: SoftmaxShape,
	{ causal = false, causalFill = -Infinity, queryOffset = 0 }: SoftmaxOptions,
): number {
	return causal && causalFill === -Infinity ? queryOffset + 1 : S;
}

function recordWeights(
	recording: Recording,
	{ firstHead, heads, firstRow, rows }: Block,
	{ weights, scales }: BlockTarget,
	keys: GPUBuffer,
	{ inputs, shape, options }: Asked,
): void {
	const { q, additive, allowed } = inputs;
	const { H, keyHeads, S, K } = shape;
	const { scale = 1 / Math.sqrt(K), softCap, slopes, causal = false, queryOffset = 0 } = options;
	const { causalFill = -Infinity, window } = options;
	const allowedFill = allowed?.fill ?? -Infinity;
	const reach = reachOf(shape, options);
	const none = [0, 0, 0, 0];
	recording.dispatch({
		label: `${operator}: scores`,
		shader: scores,
		constants: {
			causal,
			causal_excludes: causalFill === -Infinity,
			additive_mask: additive !== undefined,
			allowed_mask: allowed !== undefined,
			allowed_excludes: allowedFill === -Infinity,
			capped: softCap !== undefined,
			sloped: slopes !== undefined,
			windowed: window !== undefined,
		},
		whole: [
			...[...q.strides, ...(additive?.strides ?? none), ...(allowed?.tensor.strides ?? none)],
			...[offsetOf(q), additive ? offsetOf(additive) : 0],
			allowed ? byteOffsetOf(allowed.tensor) : 0,
			...[rows, firstRow, firstHead, S, K, H, H / keyHeads],
			...[queryOffset, window ?? 0, allowed?.one === 'fill' ? 1 : 0],
		],
		real: [scale, softCap ?? 0, finite(causalFill), finite(allowedFill)],
		buffers: [
			...[recording.input(q.data), keys],
			recording.input(additive?.data ?? NOTHING),
			recording.input(allowed?.tensor.data ?? NOTHING),
			recording.input(slopes ?? NOTHING),
			weights,
		],
		workgroups: [Math.ceil(S / 32), Math.ceil(rows / 32), heads],
		work: heads * rows * Math.min(S, firstRow + rows + reach) * K,
	});
	recording.dispatch({
		label: `${operator}: normalise`,
		shader: normalise,
		whole: [rows, S, firstRow, reach],
		buffers: [weights, scales],
		workgroups: [rows, heads],
		work: heads * rows * S * 4,
	});
}

/** Bound where there is no mask. */
const NOTHING = new Float32Array(1);

/** −∞ is told by a constant: a uniform that holds it is not portable. */
function finite(fill: number): number {
	return Number.isFinite(fill) ? fill : 0;
}

function byteOffsetOf({ data, offset = 0 }: Strided<BooleanSource>): number {
	return offset + (isGpuTensor(data) ? (data.offsetBytes ?? 0) : 0);
}
