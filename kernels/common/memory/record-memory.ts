import { BLOCK_ELEMENTS, type Block } from '../blocks.ts';
import type { Recording } from '../run-kernel.ts';
import { recordTransposed } from '../scores/record-scores.ts';
import { offsetOf, type Strided } from '../tensors.ts';
import divide from './divide.wgsl';
import type { MemoryInputs, MemoryRule, MemoryShape } from './memory.ts';
import step from './step.wgsl';
import walk from './walk.wgsl';

/** Multiply-adds of one dispatch of the step form; longer sequences are a chain of dispatches. */
const STEP_WORK = 1e9;

/** A memory, and how its answers are normalised. */
export interface Memory {
	readonly inputs: MemoryInputs;
	readonly shape: MemoryShape;
	readonly rule: MemoryRule;
	/** Added to the normaliser; not normalised when absent. */
	readonly normaliser?: number | undefined;
	/** Every query reads the last state. */
	readonly readsLast?: boolean;
	readonly algorithm?: MemoryAlgorithm | undefined;
}

/** One token after another, or chunks of 16 by forward substitution. They say the same. */
export type MemoryAlgorithm = 'steps' | 'chunks';

/** Bound where an input is absent. */
const NOTHING = new Float32Array(1);
const NO_STRIDES = [0, 0, 0, 0];

/** The constants that step, walk and trace share. */
export function memoryConstants({ inputs, rule }: Memory) {
	const { decay, beta } = inputs;
	return {
		erases: rule.erases,
		decays: decay !== undefined,
		log_decay: decay?.is === 'log',
		weighted: beta !== undefined,
		routed: rule.routes !== undefined,
		keeps_decay: rule.routes?.keepDecay ?? false,
	};
}

export function routeSizes({ rule, shape }: Memory): readonly [chunk: number, chunks: number] {
	const { routes } = rule;
	return routes ? [routes.chunk, Math.ceil(shape.T / routes.chunk)] : [1, 0];
}

export function bound(recording: Recording, tensor: Strided | undefined): GPUBuffer {
	return recording.input(tensor?.data ?? NOTHING);
}

export const stridesOf = (tensor: Strided | undefined): readonly number[] =>
	tensor?.strides ?? NO_STRIDES;

export const startOf = (tensor: Strided | undefined): number => (tensor ? offsetOf(tensor) : 0);

/** H over the heads of q, of k, and of v. */
export function groupsOf({ H, queryHeads, keyHeads, valueHeads }: MemoryShape) {
	return [H / queryHeads, H / keyHeads, H / valueHeads] as const;
}

/** Room for the walk's adjoint vectors, whatever the block. */
export function adjointBuffer(recording: Recording, { B, H, T, K }: MemoryShape): GPUBuffer {
	return recording.scratch(K * Math.min(B * H * T, Math.max(1, Math.floor(BLOCK_ELEMENTS / T))));
}

/** Records rows of the effective matrix, not normalised; leaves in `adjoint` what reads the initial state. */
export function recordWalk(
	recording: Recording,
	{ firstHead, heads, firstRow, rows }: Block,
	weights: GPUBuffer,
	adjoint: GPUBuffer,
	memory: Memory,
): void {
	const { inputs, shape, rule } = memory;
	const { q, k, decay, beta } = inputs;
	const { H, T, K } = shape;
	recording.dispatch({
		label: `${rule.operator}: walk`,
		shader: walk,
		constants: {
			...memoryConstants(memory),
			channel_decay: (decay?.tensor.strides[3] ?? 0) !== 0,
		},
		whole: [
			...[...q.strides, ...k.strides, ...stridesOf(decay?.tensor), ...stridesOf(beta)],
			...[offsetOf(q), offsetOf(k), startOf(decay?.tensor), startOf(beta)],
			...[rows, firstRow, firstHead, H, ...groupsOf(shape), T, K, ...routeSizes(memory)],
		],
		real: [rule.scale],
		buffers: [
			...[recording.input(q.data), recording.input(k.data), bound(recording, decay?.tensor)],
			...[bound(recording, beta), recording.input(rule.routes?.types ?? NOTHING)],
			...[weights, adjoint],
		],
		workgroups: [Math.ceil(rows / 32), 1, heads],
		work: heads * rows * (firstRow + rows) * K * 3,
	});
}

/** The running state of every head, `[B, H, K, columns]`; twice where chunks may be rolled back. */
export interface RunningState {
	readonly buffer: GPUBuffer;
	/** V, and one more where the normaliser is carried along. */
	readonly columns: number;
	/** Elements of one copy. */
	readonly length: number;
}

export function recordInitialState(recording: Recording, memory: Memory): RunningState {
	const { B, H, K, V } = memory.shape;
	const { initial } = memory.inputs;
	const copies = memory.rule.routes ? 2 : 1;
	const columns = memory.normaliser === undefined ? V : V + 1;
	const length = B * H * K * columns;
	const buffer = recording.scratch(copies * length);
	if (!initial) {
		recording.clear(buffer);
		return { buffer, columns, length };
	}
	const packed = recordPackedState(recording, initial, memory.shape);
	for (let copy = 0; copy < copies; copy++)
		recording.copy(packed, 0, buffer, copy * length, length);
	return { buffer, columns, length };
}

/** A strided `[B, H, K, V]` state without gaps. */
export function recordPackedState(
	recording: Recording,
	{ strides, ...rest }: Strided,
	{ B, H, K, V }: MemoryShape,
): GPUBuffer {
	const swapped = { ...rest, strides: [strides[0], strides[1], strides[3], strides[2]] as const };
	return recordTransposed(recording, swapped, [B, H, V, K]);
}

/** Which tokens to take, and whether to write to the memory, answer, or both. */
export interface StepPart {
	readonly from: number;
	readonly to: number;
	readonly reads: boolean;
	readonly writes: boolean;
	/** Whether `answers` holds what each token wrote instead. */
	readonly tells?: boolean;
}

/** Records some tokens of the step form. @param answers `[B, H, T, columns]` */
export function recordSteps(
	recording: Recording,
	memory: Memory,
	{ buffer, columns, length }: RunningState,
	answers: GPUBuffer,
	{ from, to, reads, writes, tells = false }: StepPart,
): void {
	const { inputs, shape, rule } = memory;
	const { q, k, v, decay, beta } = inputs;
	const { B, H, T, K } = shape;
	const tokenWork = B * H * K * columns * 3;
	const most = Math.max(1, Math.floor(STEP_WORK / tokenWork));
	for (let first = from; first < to; first += most) {
		const last = Math.min(to, first + most);
		recording.dispatch({
			label: `${rule.operator}: steps`,
			shader: step,
			constants: {
				...memoryConstants(memory),
				channel_decay: (decay?.tensor.strides[3] ?? 0) !== 0,
				reads,
				writes,
				tells_writes: tells,
				normalised: memory.normaliser !== undefined,
			},
			whole: [
				...[...q.strides, ...k.strides, ...v.strides],
				...[...stridesOf(decay?.tensor), ...stridesOf(beta)],
				...[offsetOf(q), offsetOf(k), offsetOf(v), startOf(decay?.tensor), startOf(beta)],
				...[H, ...groupsOf(shape), T, K, columns, first, last, ...routeSizes(memory), length],
			],
			real: [rule.scale],
			buffers: [
				...[recording.input(q.data), recording.input(k.data), recording.input(v.data)],
				...[bound(recording, decay?.tensor), bound(recording, beta)],
				...[recording.input(rule.routes?.types ?? NOTHING), buffer, answers],
			],
			workgroups: [Math.ceil(columns / 32), B * H],
			work: (last - first) * tokenWork,
		});
	}
}

/** Records the output `[B, H, T, V]` by the step form. */
export function recordOutput(recording: Recording, target: GPUBuffer, memory: Memory): void {
	const { B, H, T, V } = memory.shape;
	const { normaliser } = memory;
	const state = recordInitialState(recording, memory);
	const answers = normaliser === undefined ? target : recording.scratch(B * H * T * (V + 1));
	const all = { from: 0, to: T };
	if (memory.readsLast) {
		recordSteps(recording, memory, state, answers, { ...all, reads: false, writes: true });
		recordSteps(recording, memory, state, answers, { ...all, reads: true, writes: false });
	} else {
		recordSteps(recording, memory, state, answers, { ...all, reads: true, writes: true });
	}
	if (normaliser === undefined) return;
	const rows = B * H * T;
	const strips = Math.ceil(rows / 8);
	recording.dispatch({
		label: `${memory.rule.operator}: divide`,
		shader: divide,
		whole: [rows, V],
		real: [normaliser],
		buffers: [answers, target],
		workgroups: [Math.ceil(V / 8), Math.min(strips, 65535), Math.ceil(strips / 65535)],
	});
}
