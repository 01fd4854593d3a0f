import type { AttentionResults } from '../common/attention-results.ts';
import { blockResults } from '../common/block-results.ts';
import type { MemoryResults } from '../common/memory-results.ts';
import { checkMemory, type MemoryRoutes, type MemoryShape } from '../common/memory/memory.ts';
import { memoryResults } from '../common/memory/memory-results.ts';
import { memoryRows } from '../common/memory/memory-rows.ts';
import { rowResults } from '../common/row-results.ts';
import {
	reachOf,
	recordScores,
	recordSoftmax,
	recordTransposed,
	type ScoreRecipe,
} from '../common/scores/record-scores.ts';
import { mixedOutput } from './mix.ts';
import { softmaxBranchReference } from './reference.ts';
import {
	checkHybrid,
	memoryShapeOf,
	operator,
	ROUTE,
	type HybridInputs,
	type HybridOptions,
	type HybridShape,
} from './shape.ts';

export { ROUTE, type HybridInputs, type HybridOptions, type HybridShape } from './shape.ts';

/** Where tokens of one head went, and what that costs. */
export interface RoutingAccount {
	/** Share of whole chunks that softmax remembers, 0 where there is none. */
	readonly softmaxFraction: number;
	/** Rows of keys and values that softmax keeps after the last token, the open chunk's among them. */
	readonly rowsKept: number;
	/** Numbers held by those rows, and by the state. */
	readonly softmaxElements: number;
	readonly stateElements: number;
}

/** The family of results of each branch, and what they make together. */
export interface HybridResults {
	/** What is remembered exactly. */
	readonly softmax: AttentionResults;
	/** What is folded into the state; chunks that softmax remembers are rolled back. */
	readonly state: MemoryResults;
	readonly backend: 'webgpu' | 'reference';
	/** `mix₀ · state + mix₁ · softmax`, `[B, H, T, V]`: before any norm or gate of the layer. */
	output(): Promise<Float32Array>;
	readonly routing: (head: { readonly batch: number; readonly head: number }) => RoutingAccount;
}

/**
 * The state branch alone, heads shared as in any memory: a gated delta rule whose writes are rolled back at the end of every
 * chunk that softmax remembers.
 *
 * @throws KernelError `shape` when an input does not fit; results reject as those of the gated delta rule do
 */
export function routedState(
	device: GPUDevice | undefined,
	inputs: HybridInputs['state'],
	shape: MemoryShape,
	routes: MemoryRoutes,
	{ scale = 1 / Math.sqrt(shape.K) }: { readonly scale?: number | undefined } = {},
): MemoryResults {
	const rule = { operator, erases: true, scale, routes };
	checkMemory(inputs, shape, rule);
	const memory = { inputs, shape, rule };
	return device ? memoryResults(device, memory) : memoryRows(memory);
}

/**
 * The two branches of NAtS-L over tensors on the GPU or in arrays; where `device` is undefined, by the float64
 * reference, for arrays only. Every chunk is served by both while it is open; `types` says which of them
 * remembers it afterwards.
 *
 * @throws KernelError `shape` when an input does not fit; results reject as those of their family do
 * @see "Neural Attention Search Linear", arXiv:2602.03681
 */
export function hybridAttention(
	device: GPUDevice | undefined,
	inputs: HybridInputs,
	shape: HybridShape,
	options: HybridOptions = {},
): HybridResults {
	checkHybrid(inputs, shape, options);
	const { stateScale: scale, keepDecay = true } = options;
	const routes = { types: inputs.types, chunk: shape.C, keepDecay };
	const state = routedState(device, inputs.state, memoryShapeOf(shape), routes, { scale });
	const softmax = softmaxBranch(device, inputs, shape, options);
	return {
		softmax,
		state,
		backend: state.backend,
		output: async () =>
			mixedOutput(device, inputs, shape, await state.output(), await softmax.output()),
		routing: ({ batch, head }) => accountOf(inputs, shape, batch * shape.H + head),
	};
}

function softmaxBranch(
	device: GPUDevice | undefined,
	inputs: HybridInputs,
	shape: HybridShape,
	options: HybridOptions,
): AttentionResults {
	const { B, H, T, softmaxK, V, C } = shape;
	const { q, k, v } = inputs.softmax;
	const matrix = { operator, shape: { B, H, T, S: T, V }, v, valueHeads: H, queryOffset: 0 };
	if (!device) {
		return rowResults({ ...matrix, row: softmaxBranchReference(inputs, shape, options) });
	}
	const recipe: ScoreRecipe = {
		sizes: { H, group: 1, S: T, K: softmaxK },
		q,
		scale: options.softmaxScale ?? 1 / Math.sqrt(softmaxK),
		causalFill: -Infinity,
		routes: { types: inputs.types, chunk: C },
	};
	return blockResults(device, {
		...matrix,
		reach: reachOf(recipe),
		scaled: true,
		prepare: (recording) => recordTransposed(recording, k, [B, H, T, softmaxK]),
		record: (recording, block, target, keys) => {
			recordScores(recording, block, target.weights, keys, recipe);
			recordSoftmax(recording, block, target, recipe);
		},
	});
}

function accountOf({ types }: HybridInputs, shape: HybridShape, head: number): RoutingAccount {
	const { T, C, K, softmaxK, V } = shape;
	const whole = Math.floor(T / C);
	const first = head * Math.ceil(T / C);
	const kept = types.subarray(first, first + whole).filter((type) => type === ROUTE.softmax).length;
	const rowsKept = kept * C + (T % C);
	return {
		softmaxFraction: whole === 0 ? 0 : kept / whole,
		rowsKept,
		softmaxElements: rowsKept * (softmaxK + V),
		stateElements: K * V,
	};
}
