import type { Recording } from '../run-kernel.ts';
import { offsetOf } from '../tensors.ts';
import type { MemoryShape } from './memory.ts';
import answer from './chunk-answers.wgsl';
import carry from './chunk-carry.wgsl';
import solve from './chunk-solve.wgsl';
import {
	bound,
	groupsOf,
	recordInitialState,
	startOf,
	stridesOf,
	type Memory,
	type RunningState,
} from './record-memory.ts';

/** Tokens in a chunk: the shaders are written for it. */
const CHUNK = 16;

/** Bytes that the intermediate results of all chunks may take; longer or wider memories go step by step. */
const MOST_BYTES = 64 * 2 ** 20;

/** What a memory's chunks left: everything that its answers are made of. */
export interface Chunks {
	/** `[B, H, chunks · 16, V + K + 1]`: what each token wrote, what it asked of the state, and the decay so far. */
	readonly solved: GPUBuffer;
	/** `[B, H, chunks, K, V]`: the state that each chunk starts with. */
	readonly starts: GPUBuffer;
	/** After the last token. */
	readonly state: RunningState;
}

/**
 * Whether a memory goes chunk by chunk: a rule that erases, one decay a head at most, no chunk rolled back, and room for
 * what chunks keep. Where no algorithm was asked for, only where it is faster: on SwiftShader steps take 1.1 to 1.4 times
 * as long at K = V = 32, 1.8 at 64 and 2.3 at 128, but 0.6 at 16.
 */
export function goesInChunks({ inputs, shape, rule, normaliser, algorithm }: Memory): boolean {
	const { B, H, T, K, V } = shape;
	const perChannel = (inputs.decay?.tensor.strides[3] ?? 0) !== 0;
	if (!rule.erases || rule.routes || perChannel || normaliser !== undefined) return false;
	const chunks = B * H * Math.ceil(T / CHUNK);
	if (4 * chunks * Math.max(CHUNK * (V + K + 1), K * V) > MOST_BYTES) return false;
	return algorithm === undefined ? T >= 64 && K * V >= 1024 : algorithm === 'chunks';
}

/** Records the writes of every token and the state at every chunk, by forward substitution within chunks. */
export function recordChunks(recording: Recording, memory: Memory): Chunks {
	const { inputs, shape, rule } = memory;
	const { k, v, decay, beta } = inputs;
	const { B, H, T, K, V } = shape;
	const [, keyGroup, valueGroup] = groupsOf(shape);
	const chunks = Math.ceil(T / CHUNK);
	const solved = recording.scratch(lengthOfSolved(shape));
	const starts = recording.scratch(B * H * chunks * K * V);
	const state = recordInitialState(recording, memory);
	recording.dispatch({
		label: `${rule.operator}: solve chunks`,
		shader: solve,
		constants: { decays: decay !== undefined, log_decay: decay?.is === 'log' },
		whole: [
			...[...k.strides, ...v.strides, ...stridesOf(decay?.tensor), ...stridesOf(beta)],
			...[offsetOf(k), offsetOf(v), startOf(decay?.tensor), startOf(beta)],
			...[H, keyGroup, valueGroup, T, K, V, chunks],
		],
		buffers: [
			...[recording.input(k.data), recording.input(v.data), bound(recording, decay?.tensor)],
			...[bound(recording, beta), solved],
		],
		workgroups: [chunks, B * H],
		work: B * H * T * CHUNK * (K + V),
	});
	recording.dispatch({
		label: `${rule.operator}: carry chunks`,
		shader: carry,
		whole: [...k.strides, offsetOf(k), H, keyGroup, T, K, V, chunks],
		buffers: [recording.input(k.data), solved, state.buffer, starts],
		workgroups: [Math.ceil(V / 32), B * H],
		work: 2 * B * H * T * K * V,
	});
	return { solved, starts, state };
}

/** Records the output `[B, H, T, V]` from what `recordChunks` left. */
export function recordChunkAnswers(
	recording: Recording,
	{ inputs, shape, rule }: Memory,
	{ solved, starts }: Chunks,
	target: GPUBuffer,
): void {
	const { q, k } = inputs;
	const { B, H, T, K, V } = shape;
	const [queryGroup, keyGroup] = groupsOf(shape);
	const chunks = Math.ceil(T / CHUNK);
	recording.dispatch({
		label: `${rule.operator}: answers of chunks`,
		shader: answer,
		whole: [
			...[...q.strides, ...k.strides, offsetOf(q), offsetOf(k)],
			...[H, queryGroup, keyGroup, T, K, V, chunks],
		],
		real: [rule.scale],
		buffers: [recording.input(q.data), recording.input(k.data), solved, starts, target],
		workgroups: [Math.ceil(V / 32), chunks, B * H],
		work: B * H * T * (K * V + CHUNK * (K + V)),
	});
}

/** What each token wrote, `[B, H, T, V]`, from the values of `solved`. */
export function writtenOf(solved: Float32Array, { B, H, T, K, V }: MemoryShape): Float32Array {
	const width = V + K + 1;
	const padded = Math.ceil(T / CHUNK) * CHUNK;
	const written = new Float32Array(B * H * T * V);
	for (let row = 0; row < B * H * T; row++) {
		const from = (Math.floor(row / T) * padded + (row % T)) * width;
		written.set(solved.subarray(from, from + V), row * V);
	}
	return written;
}

/** Elements of `Chunks.solved`. */
export function lengthOfSolved({ B, H, T, K, V }: MemoryShape): number {
	return B * H * Math.ceil(T / CHUNK) * CHUNK * (V + K + 1);
}
