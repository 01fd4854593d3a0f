import type { MemoryResults } from '../common/memory-results.ts';
import {
	checkMemory,
	type Decay,
	type MemoryInputs,
	type MemoryShape,
} from '../common/memory/memory.ts';
import { memoryResults } from '../common/memory/memory-results.ts';
import { memoryRows } from '../common/memory/memory-rows.ts';
import type { MemoryAlgorithm } from '../common/memory/record-memory.ts';
import type { Strided } from '../common/tensors.ts';

/** Tensors with any strides. Keys are meant to be of unit length; the rule does not make them so. */
export interface GatedDeltaInputs extends MemoryInputs {
	/** `[B, valueHeads, T, K]`, α in [0, 1] or its logarithm; channel stride 0 for one α a head. */
	readonly decay: Decay;
	/** `[B, valueHeads, T, 1]`, in [0, 1], or [0, 2] where negative eigenvalues are allowed. */
	readonly beta: Strided;
}

export interface GatedDeltaOptions {
	/** Multiplies every answer; 1/√K when absent. */
	readonly scale?: number;
	/** How outputs, writes and last states are computed on the GPU; the faster where both can when absent. */
	readonly algorithm?: MemoryAlgorithm;
}

export type { MemoryShape } from '../common/memory/memory.ts';

/**
 * The gated delta rule over tensors on the GPU or in arrays; where `device` is undefined, by the float64
 * reference, for arrays only. Nothing is computed before a result is asked for, and nothing is kept.
 *
 * @throws KernelError `shape` when an input does not fit. A result rejects with `shape` for a head, token
 *   or rectangle that is not there, `limit` for a buffer larger than the device binds, `device` when the
 *   GPU refuses
 * @see Yang, Kautz, Hatamizadeh, "Gated Delta Networks", arXiv:2412.06464, equation 10
 */
export function gatedDeltaRule(
	device: GPUDevice | undefined,
	inputs: GatedDeltaInputs,
	shape: MemoryShape,
	{ scale = 1 / Math.sqrt(shape.K), algorithm }: GatedDeltaOptions = {},
): MemoryResults {
	const rule = { operator: 'gated-delta-rule', erases: true, scale };
	checkMemory(inputs, shape, rule);
	const memory = { inputs, shape, rule, algorithm };
	return device ? memoryResults(device, memory) : memoryRows(memory);
}
