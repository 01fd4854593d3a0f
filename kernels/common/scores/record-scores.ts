import type { Block, BlockTarget } from '../blocks.ts';
import type { Recording } from '../run-kernel.ts';
import { offsetOf, type BooleanSource, type Sizes, type Strided } from '../tensors.ts';
import normalise from './normalise.wgsl';
import scores from './scores.wgsl';
import statistics from './statistics.wgsl';
import tile from './tile.wgsl';
import transposeKeys from './transpose-keys.wgsl';

/** Products of queries and keys, and what becomes of them, in this order. */
export interface ScoreRecipe {
	/** H query heads, each key head shared by `group` of them; S keys, K channels. */
	readonly sizes: {
		readonly H: number;
		readonly group: number;
		readonly S: number;
		readonly K: number;
	};
	/** `[B, H, T, K]`. */
	readonly q: Strided;
	readonly scale: number;
	/** `cap · tanh(score / cap)`. */
	readonly softCap?: number | undefined;
	/** `[H]`: `slope · (j − t)` is added. */
	readonly slopes?: Float32Array<ArrayBuffer> | undefined;
	/** `[B, H, T, S]`, added; −∞ hides. */
	readonly additive?: Strided | undefined;
	/** `[B, H, T, S]`, multiplied, in the place of `additive`. */
	readonly factors?: Strided | undefined;
	/** `[B, H, T, S]` of bytes. */
	readonly allowed?:
		| {
				readonly tensor: Strided<BooleanSource>;
				readonly one?: 'keep' | 'fill';
				readonly fill?: number;
		  }
		| undefined;
	/** `[B, H, T, 1]`: a score that takes a part of its row and has no column. */
	readonly sink?: Strided | undefined;
	/** What scores of later keys become; not causal when absent. */
	readonly causalFill?: number | undefined;
	readonly queryOffset?: number;
	readonly window?: number | undefined;
	/** `[B, H, chunks]`: keys of another chunk are seen where its route is 0. */
	readonly routes?:
		{ readonly types: Uint32Array<ArrayBuffer>; readonly chunk: number } | undefined;
	/** No softmax follows: what may not be seen becomes 0 instead of the bits of −∞. */
	readonly plain?: boolean;
}

/** From `t + reach` on row t is hidden; S where it is not. */
export function reachOf({ sizes, causalFill, queryOffset = 0 }: ScoreRecipe): number {
	return causalFill === -Infinity ? queryOffset + 1 : sizes.S;
}

/** Records a copy of a strided `[B, heads, S, K]` as `[B, heads, K, S]`. */
export function recordTransposed(
	recording: Recording,
	source: Strided,
	[B, heads, S, K]: Sizes,
): GPUBuffer {
	const input = recording.input(source.data);
	const transposed = recording.scratch(B * heads * K * S);
	recording.dispatch({
		label: `${recording.label}: transpose`,
		shader: transposeKeys,
		whole: [...source.strides, offsetOf(source), heads, S, K],
		buffers: [input, transposed],
		workgroups: [Math.ceil(S / 64), K, B * heads],
	});
	return transposed;
}

/** Records the scores of a block. @param keys as `recordTransposed` leaves them */
export function recordScores(
	recording: Recording,
	block: Block,
	weights: GPUBuffer,
	keys: GPUBuffer,
	recipe: ScoreRecipe,
): void {
	const { S } = recipe.sizes;
	recordTile(recording, block, recipe, keys, {
		step: 'scores',
		shader: tile + scores,
		target: weights,
		workgroups: [Math.ceil(S / 64), Math.ceil(block.rows / 64), block.heads],
	});
}

/**
 * Records the statistics of every row of a softmax of scores, without a block of them.
 * @param keys as `recordTransposed` leaves them @param target `[B, H, T, 7]`
 */
export function recordSoftmaxStatistics(
	recording: Recording,
	{ B, H, T }: { readonly B: number; readonly H: number; readonly T: number },
	target: GPUBuffer,
	keys: GPUBuffer,
	recipe: ScoreRecipe,
): void {
	const { S, K } = recipe.sizes;
	const rows = Math.min(T, Math.max(64, Math.floor(DISPATCH_WORK / (S * K))));
	const heads = rows < T ? 1 : Math.max(1, Math.floor(DISPATCH_WORK / (S * K * T)));
	for (let firstHead = 0; firstHead < B * H; firstHead += heads) {
		for (let firstRow = 0; firstRow < T; firstRow += rows) {
			const block = {
				firstHead,
				heads: Math.min(heads, B * H - firstHead),
				firstRow,
				rows: Math.min(rows, T - firstRow),
			};
			recordTile(recording, block, recipe, keys, {
				step: 'statistics',
				shader: tile + statistics,
				target,
				workgroups: [Math.ceil(block.rows / 64), 1, block.heads],
				tokens: T,
			});
		}
	}
}

function recordTile(
	recording: Recording,
	{ firstHead, heads, firstRow, rows }: Block,
	recipe: ScoreRecipe,
	keys: GPUBuffer,
	use: {
		readonly step: string;
		readonly shader: string;
		readonly target: GPUBuffer;
		readonly workgroups: readonly [number, number, number];
		readonly tokens?: number;
	},
): void {
	const { sizes, q, scale, softCap, slopes, allowed, causalFill, window, routes, factors } = recipe;
	const additive = recipe.additive ?? factors;
	const { H, group, S, K } = sizes;
	const none = [0, 0, 0, 0];
	const allowedFill = allowed?.fill ?? -Infinity;
	recording.dispatch({
		label: `${recording.label}: ${use.step}`,
		shader: use.shader,
		constants: {
			plain: recipe.plain ?? false,
			causal: causalFill !== undefined,
			causal_excludes: causalFill === -Infinity,
			additive_mask: recipe.additive !== undefined,
			multiplied: factors !== undefined,
			allowed_mask: allowed !== undefined,
			allowed_excludes: allowedFill === -Infinity,
			capped: softCap !== undefined,
			sloped: slopes !== undefined,
			windowed: window !== undefined,
			routed: routes !== undefined,
		},
		whole: [
			...[...q.strides, ...(additive?.strides ?? none), ...(allowed?.tensor.strides ?? none)],
			...[offsetOf(q), additive ? offsetOf(additive) : 0],
			...[allowed ? offsetOf(allowed.tensor) : 0, rows, firstRow, firstHead, S, K, H, group],
			...[recipe.queryOffset ?? 0, window ?? 0, allowed?.one === 'fill' ? 1 : 0],
			...[routes?.chunk ?? 1, routes ? Math.ceil(S / routes.chunk) : 0, use.tokens ?? 0],
		],
		real: [scale, softCap ?? 0, finite(causalFill ?? 0), finite(allowedFill)],
		buffers: [
			...[recording.input(q.data), keys],
			recording.input(additive?.data ?? NOTHING),
			recording.input(allowed?.tensor.data ?? NOTHING),
			recording.input(slopes ?? NOTHING),
			recording.input(routes?.types ?? NOTHING),
			use.target,
		],
		workgroups: use.workgroups,
		work: heads * rows * Math.min(S, firstRow + rows + reachOf(recipe)) * K,
	});
}

/** Records the softmax of a block of scores, in place. */
export function recordSoftmax(
	recording: Recording,
	{ firstHead, heads, firstRow, rows }: Block,
	{ weights, scales }: BlockTarget,
	recipe: ScoreRecipe,
): void {
	const { S, H } = recipe.sizes;
	const { sink } = recipe;
	const [batch, head, query] = sink?.strides ?? [0, 0, 0];
	recording.dispatch({
		label: `${recording.label}: normalise`,
		shader: normalise,
		constants: { sinking: sink !== undefined },
		whole: [
			...[rows, S, firstRow, reachOf(recipe), firstHead, H],
			...[batch, head, query, sink ? offsetOf(sink) : 0],
		],
		buffers: [weights, scales, recording.input(sink?.data ?? NOTHING)],
		workgroups: [Math.ceil(rows / 4), heads],
		work: heads * rows * S * 4,
	});
}

/** Multiply-adds of one dispatch of statistics. */
const DISPATCH_WORK = 1e9;

/** Bound where there is no mask. */
const NOTHING = new Float32Array(1);

/** −∞ is told by a constant: a uniform that holds it is not portable. */
function finite(fill: number): number {
	return Number.isFinite(fill) ? fill : 0;
}
