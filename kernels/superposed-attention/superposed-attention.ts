import type { AttentionResults } from '../common/attention-results.ts';
import { blockResults } from '../common/block-results.ts';
import { rowResults } from '../common/row-results.ts';
import { runKernel } from '../common/run-kernel.ts';
import { laidOut, type Strided } from '../common/tensors.ts';
import {
	recordOutput,
	recordPrepared,
	recordScales,
	recordValues,
	recordWeights,
	type Asked,
} from './record-layer.ts';
import { superposedAttentionReference } from './reference.ts';
import { scoreTerms, type ScorePlace, type ScoreTerms } from './score-terms.ts';
import {
	checkSuperposed,
	matrixShape,
	operator,
	type SuperposedInputs,
	type SuperposedOptions,
	type SuperposedShape,
} from './shape.ts';

export type { SuperposedInputs, SuperposedOptions, SuperposedShape } from './shape.ts';
export type { ScorePlace, ScoreTerms } from './score-terms.ts';
export { bind, bundle, keyGram, unbinding, type ChannelSize, type Unbinding } from './binding.ts';

/** The family of results for every cell of the grid, and what superposition alone has. */
export interface SuperposedResults extends AttentionResults {
	/** One score of one cell, split into its own term and the M·N − 1 terms of the others. */
	scoreTerms(place: ScorePlace): Promise<ScoreTerms>;
	/**
	 * `den_mn`, `[B, M, N, H, T]`: how much of the feature mass each grid row gives a query. Its sum over
	 * m is the shared denominator; its spread over m is what sharing it blurs.
	 */
	denominators(): Promise<Float32Array>;
}

/**
 * Attention of M·N inputs in one pass (FAVOR+S), with each cell's exact effective matrix from the shared
 * state; where `device` is undefined, by the float64 reference, for arrays only. Nothing is kept between
 * results. A row of the matrix sums to 1 over the columns of the cell's own grid row where the denominator
 * is the cell's, over all columns where it is shared.
 *
 * @throws KernelError `shape` when an input does not fit. A result rejects with `shape` for a place outside
 *   the matrix, `limit` for a buffer larger than the device binds, `device` when the GPU refuses
 * @see Menet et al., "MIMONets", arXiv:2312.02829, section 4
 */
export function superposedAttention(
	device: GPUDevice | undefined,
	inputs: SuperposedInputs,
	shape: SuperposedShape,
	options: SuperposedOptions = {},
): SuperposedResults {
	checkSuperposed(inputs, shape, options);
	const asked = { inputs, shape, options };
	const results = device ? onDevice(device, asked) : inReference(asked);
	return {
		...results,
		scoreTerms: (place) => scoreTerms(device, inputs, shape, place),
		denominators: async () => {
			if (device) return denominatorsOnDevice(device, asked);
			await Promise.resolve();
			return Float32Array.from(superposedAttentionReference(inputs, shape, options).denominators());
		},
	};
}

function inReference({ inputs, shape, options }: Asked): AttentionResults {
	const matrix = matrixShape(shape, options);
	const { B, H, S, V } = matrix;
	let known: ReturnType<typeof superposedAttentionReference> | undefined;
	const reference = () => (known ??= superposedAttentionReference(inputs, shape, options));
	let values: Strided | undefined;
	return rowResults({
		operator,
		shape: matrix,
		get v() {
			return (values ??= laidOut(Float32Array.from(reference().values()), 'BHTK', [B, H, S, V]));
		},
		valueHeads: H,
		queryOffset: 0,
		row: (batch, head, t) => reference().row(batch, head, t),
		output: () => reference().output(),
	});
}

function onDevice(device: GPUDevice, asked: Asked): AttentionResults {
	const matrix = matrixShape(asked.shape, asked.options);
	let values: Strided = { data: new Float32Array(0), strides: [0, 0, 0, 0] };
	return blockResults(device, {
		operator,
		shape: matrix,
		// bundled on the GPU, so they exist only once `prepare` has recorded them
		get v() {
			return values;
		},
		valueHeads: matrix.H,
		queryOffset: 0,
		reach: matrix.S,
		scaled: true,
		prepare(recording) {
			const prepared = recordPrepared(recording, asked);
			values = recordValues(recording, prepared, asked);
			return prepared;
		},
		record: (recording, block, target, prepared) =>
			recordWeights(recording, block, target, prepared, asked),
		recordOutput: (recording, target) => recordOutput(recording, target, asked),
	});
}

async function denominatorsOnDevice(device: GPUDevice, asked: Asked): Promise<Float32Array> {
	const { inputs, shape, options } = asked;
	const own: Asked = { inputs, shape, options: { ...options, denominator: 'cell' } };
	const heads = shape.B * shape.M * shape.N * shape.H;
	const [scales] = await runKernel(device, operator, (recording) => {
		const target = recording.output(heads * shape.T);
		const everything = { firstHead: 0, heads, firstRow: 0, rows: shape.T };
		recordScales(recording, everything, target, recordPrepared(recording, own), own);
		return [{ buffer: target, length: heads * shape.T }];
	});
	return scales!.map((scale) => 1 / scale);
}
