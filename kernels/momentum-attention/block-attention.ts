import type { AttentionResults } from '../common/attention-results.ts';
import { blockResults } from '../common/block-results.ts';
import { rowResults } from '../common/row-results.ts';
import type { Recording } from '../common/run-kernel.ts';
import { offsetOf } from '../common/tensors.ts';
import {
	checkBlock,
	type BlockInputs,
	type BlockOptions,
	type BlockShape,
} from './block-inputs.ts';
import { prefixOracle } from './prefix-oracle.ts';
import { operator } from './shape.ts';
import sharesShader from './shares.wgsl';
import weightsShader from './weights.wgsl';

/**
 * The attention of a practical Hamiltonian block as a matrix: `M v` is its force before the output
 * projection, `M_ij = E_ij (s_i + s_j + 2) / 2i`. One matrix a sequence, since heads are averaged in the
 * score; entries may be negative where the mobility is not positive, and rows do not sum to 1. Where
 * `device` is undefined, by the float64 reference, for arrays only.
 *
 * @throws KernelError `shape` when an input does not fit. A result rejects with `shape` for a rectangle
 *   outside the matrix, `limit` for a buffer larger than the device binds, `device` when the GPU refuses
 * @see Stein, Li and Steidl, arXiv:2603.16535
 */
export function momentumAttention(
	device: GPUDevice | undefined,
	inputs: BlockInputs,
	shape: BlockShape,
	options: BlockOptions = {},
): AttentionResults {
	checkBlock(inputs, shape, options);
	const { B, H, T, K, D } = shape;
	const matrix = {
		operator,
		shape: { B, H: 1, T, S: T, V: D },
		v: inputs.v,
		valueHeads: 1,
		queryOffset: 0,
	};
	if (!device) {
		let known: ReturnType<typeof prefixOracle> | undefined;
		const oracle = () => (known ??= prefixOracle(inputs, shape, options));
		return rowResults({ ...matrix, row: (batch, _head, t) => oracle().row(batch, t) });
	}
	const { q, k } = inputs;
	const real = [1 / (H * Math.sqrt(K)), options.clamp ?? 60];
	return blockResults(device, {
		...matrix,
		reach: 1,
		scaled: true,
		prepare: (recording) =>
			recordShares(recording, inputs, shape, [...real, options.epsilon ?? 1e-6]),
		record(recording, { heads, rows, firstRow, firstHead }, { weights, scales }, shares) {
			recording.dispatch({
				label: `${operator}: weights`,
				shader: weightsShader,
				whole: [
					...[...q.strides, ...k.strides, offsetOf(q), offsetOf(k)],
					...[rows, firstRow, firstHead, H, T, K],
				],
				real,
				buffers: [recording.input(q.data), recording.input(k.data), shares, weights, scales],
				workgroups: [Math.ceil(T / 64), rows, heads],
				work: heads * rows * (firstRow + rows) * H * K,
			});
		},
	});
}

function recordShares(
	recording: Recording,
	{ q, k, momentum, moved }: BlockInputs,
	{ B, H, T, K, D }: BlockShape,
	real: readonly number[],
): GPUBuffer {
	const shares = recording.scratch(B * T);
	const read = [q, k, momentum, moved];
	recording.dispatch({
		label: `${operator}: shares`,
		shader: sharesShader,
		whole: [...read.flatMap(({ strides }) => strides), ...read.map(offsetOf), H, T, K, D],
		real,
		buffers: [...read.map(({ data }) => recording.input(data)), shares],
		workgroups: [T, B],
		work: (B * T * T * H * K) / 2,
	});
	return shares;
}
