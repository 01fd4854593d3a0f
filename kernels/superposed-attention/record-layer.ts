import type { Block, BlockTarget } from '../common/blocks.ts';
import type { Recording } from '../common/run-kernel.ts';
import { offsetOf, type Strided } from '../common/tensors.ts';
import bundleShader from './bundle.wgsl';
import featuresShader from './features.wgsl';
import massesShader from './masses.wgsl';
import readShader from './read.wgsl';
import scalesShader from './scales.wgsl';
import {
	divisor,
	matrixShape,
	operator,
	type SuperposedInputs,
	type SuperposedOptions,
	type SuperposedShape,
} from './shape.ts';
import stateShader from './state.wgsl';
import valuesShader from './values.wgsl';
import weightsShader from './weights.wgsl';

export interface Asked {
	readonly inputs: SuperposedInputs;
	readonly shape: SuperposedShape;
	readonly options: SuperposedOptions;
}

/** What the grid has in common: buffers of one recording. */
export interface Prepared {
	/** φ(Q̃), `[B, N, H, T, F]`. */
	readonly queries: GPUBuffer;
	/** φ(K̃), `[B, M, H, F, T]`. */
	readonly keys: GPUBuffer;
	/** Ṽ, `[B, M, H, T, K]`. */
	readonly bundledValues: GPUBuffer;
	/** Σ over tokens of φ(K̃), `[B, M, H, F]`. */
	readonly masses: GPUBuffer;
}

export function recordPrepared(recording: Recording, asked: Asked): Prepared {
	const { inputs, shape, options } = asked;
	const { B, M, N, H, T, K, F } = shape;
	const scale = 1 / divisor(shape);
	const projection = Float32Array.from(inputs.projection, (_, at) => {
		return inputs.projection[(at % F) * K + Math.floor(at / F)]!;
	});
	const mapped = (vectors: GPUBuffer, groups: number, transposed: boolean) => {
		const target = recording.scratch(groups * T * F);
		recording.dispatch({
			label: `${operator}: features`,
			shader: featuresShader,
			constants: { exponential: options.features === 'exp', transposed },
			whole: [T, K, F],
			real: [K ** -0.25, options.epsilon ?? 1e-3],
			buffers: [vectors, recording.input(projection), target],
			workgroups: [Math.ceil(F / 64), Math.ceil(T / 4), groups],
			work: groups * T * F * K,
		});
		return target;
	};
	const keys = mapped(recordBundle(recording, asked, inputs.k, 'columns', scale), B * M * H, true);
	const masses = recording.scratch(B * M * H * F);
	recording.dispatch({
		label: `${operator}: masses`,
		shader: massesShader,
		whole: [T, B * M * H * F],
		buffers: [keys, masses],
		workgroups: [Math.ceil((B * M * H * F) / 64)],
	});
	return {
		queries: mapped(recordBundle(recording, asked, inputs.q, 'rows', scale), B * N * H, false),
		keys,
		bundledValues: recordBundle(recording, asked, inputs.v, 'columns', 1),
		masses,
	};
}

function recordBundle(
	recording: Recording,
	{ inputs, shape }: Asked,
	vectors: Strided,
	over: 'rows' | 'columns',
	scale: number,
): GPUBuffer {
	const { B, M, N, H, T, K } = shape;
	const sides = over === 'rows' ? N : M;
	const mask = over === 'rows' ? undefined : inputs.mask;
	const target = recording.scratch(B * sides * H * T * K);
	recording.dispatch({
		label: `${operator}: bundle`,
		shader: bundleShader,
		constants: { over_rows: over === 'rows', masked: mask !== undefined },
		whole: [
			...[...vectors.strides, ...(mask?.strides ?? [0, 0, 0, 0])],
			...[offsetOf(vectors), mask ? offsetOf(mask) : 0, M, N, H, T, K],
		],
		real: [scale],
		buffers: [
			...[recording.input(vectors.data), recording.input(inputs.keys)],
			...[recording.input(mask?.data ?? NOTHING), target],
		],
		workgroups: [Math.ceil((T * K) / 64), H, B * sides],
	});
	return target;
}

/** Records `φ(Q̃)·φ(K̃)` of a block of rows, and one over their denominators. */
export function recordWeights(
	recording: Recording,
	block: Block,
	{ weights, scales }: BlockTarget,
	prepared: Prepared,
	asked: Asked,
): void {
	const { shape, options } = asked;
	const { M, N, H, T, F } = shape;
	const { heads, rows, firstRow, firstHead } = block;
	recordScales(recording, block, scales, prepared, asked);
	recording.dispatch({
		label: `${operator}: weights`,
		shader: weightsShader,
		constants: { shared_denominator: options.denominator === 'shared' },
		whole: [rows, firstRow, firstHead, M, N, H, T, F, options.ownRow ?? 0],
		buffers: [prepared.queries, prepared.keys, weights],
		workgroups: [Math.ceil((M * T) / 32), Math.ceil(rows / 32), heads],
		work: heads * rows * M * T * F,
	});
}

/** Records one over the denominators of a block of rows. */
export function recordScales(
	recording: Recording,
	{ heads, rows, firstRow, firstHead }: Block,
	scales: GPUBuffer,
	{ queries, masses }: Prepared,
	{ shape, options }: Asked,
): void {
	const { M, N, H, T, F } = shape;
	recording.dispatch({
		label: `${operator}: scales`,
		shader: scalesShader,
		constants: { shared_denominator: options.denominator === 'shared' },
		whole: [rows, firstRow, firstHead, M, N, H, T, F],
		buffers: [queries, masses, scales],
		workgroups: [Math.ceil(rows / 64), heads],
		work: heads * rows * F * (options.denominator === 'shared' ? M : 1),
	});
}

/** Records the values that the columns of the matrix stand for, `[batches, H, M·T, K]`. */
export function recordValues(recording: Recording, prepared: Prepared, asked: Asked): Strided {
	const { inputs, shape, options } = asked;
	const { M, N, H, T, K } = shape;
	const { B: batches, S } = matrixShape(shape, options);
	const length = batches * H * S * K;
	const buffer = recording.scratch(length);
	recording.dispatch({
		label: `${operator}: values`,
		shader: valuesShader,
		constants: { shared_denominator: options.denominator === 'shared' },
		whole: [M, N, H, T, K, options.ownRow ?? 0],
		buffers: [prepared.bundledValues, recording.input(inputs.keys), buffer],
		workgroups: [Math.ceil((S * K) / 64), batches * H],
	});
	return { data: { buffer, length }, strides: [H * S * K, S * K, K, 1] };
}

/** Records the output as the paper computes it: through the shared state, in time linear in T. */
export function recordOutput(recording: Recording, target: GPUBuffer, asked: Asked): void {
	const { inputs, shape, options } = asked;
	const { B, M, N, H, T, K, F } = shape;
	const heads = matrixShape(shape, options).B * H;
	const prepared = recordPrepared(recording, asked);
	const scales = recording.scratch(heads * T);
	const everything = { firstHead: 0, heads, firstRow: 0, rows: T };
	recordScales(recording, everything, scales, prepared, asked);
	const state = recording.scratch(B * H * F * K);
	recording.dispatch({
		label: `${operator}: state`,
		shader: stateShader,
		whole: [M, H, T, K, F],
		buffers: [prepared.keys, prepared.bundledValues, state],
		workgroups: [Math.ceil(K / 64), Math.ceil(F / 4), B * H],
		work: B * H * F * K * M * T,
	});
	recording.dispatch({
		label: `${operator}: read`,
		shader: readShader,
		constants: { shared_denominator: options.denominator === 'shared' },
		whole: [M, N, H, T, K, F],
		buffers: [prepared.queries, state, scales, recording.input(inputs.keys), target],
		workgroups: [Math.ceil((T * K) / 64), H, B * N],
		work: B * N * H * T * K * F,
	});
}

/** Bound where there is no mask. */
const NOTHING = new Float32Array(1);
