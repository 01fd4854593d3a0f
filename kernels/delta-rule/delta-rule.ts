import type { MemoryResults } from '../common/memory-results.ts';
import { checkMemory, type MemoryInputs, type MemoryShape } from '../common/memory/memory.ts';
import { memoryResults } from '../common/memory/memory-results.ts';
import { memoryRows } from '../common/memory/memory-rows.ts';
import type { MemoryAlgorithm } from '../common/memory/record-memory.ts';
import type { Strided } from '../common/tensors.ts';

/** Tensors with any strides. Keys are meant to be of unit length; the rule does not make them so. */
export interface DeltaInputs extends Omit<MemoryInputs, 'decay'> {
	/** `[B, valueHeads, T, 1]`, in [0, 1]: how much of the error is written. */
	readonly beta: Strided;
}

export interface DeltaOptions {
	/** Multiplies every answer; 1/√K when absent. */
	readonly scale?: number;
	/** How outputs, writes and last states are computed on the GPU; the faster where both can when absent. */
	readonly algorithm?: MemoryAlgorithm;
}

export type { MemoryShape } from '../common/memory/memory.ts';

/**
 * The delta rule over tensors on the GPU or in arrays; where `device` is undefined, by the float64
 * reference, for arrays only. Nothing is computed before a result is asked for, and nothing is kept.
 *
 * @throws KernelError `shape` when an input does not fit. A result rejects with `shape` for a head, token
 *   or rectangle that is not there, `limit` for a buffer larger than the device binds, `device` when the
 *   GPU refuses
 * @see Yang et al., "Parallelizing Linear Transformers with the Delta Rule", arXiv:2406.06484, equation 5
 */
export function deltaRule(
	device: GPUDevice | undefined,
	inputs: DeltaInputs,
	shape: MemoryShape,
	{ scale = 1 / Math.sqrt(shape.K), algorithm }: DeltaOptions = {},
): MemoryResults {
	const rule = { operator: 'delta-rule', erases: true, scale };
	checkMemory(inputs, shape, rule);
	const memory = { inputs, shape, rule, algorithm };
	return device ? memoryResults(device, memory) : memoryRows(memory);
}
