import { deltaRule } from '../../../kernels/delta-rule/delta-rule.ts';
import type { MemoryResults } from '../../../kernels/common/memory-results.ts';
import { contiguous, type Strided } from '../../../kernels/common/tensors.ts';
import type { Rectangle } from '../../../kernels/common/attention-results.ts';
import type { OpenSite } from '../../view-api/open-site.ts';
import type { ViewContext } from '../../view-api/view.ts';
import { siteVectors } from './head-vectors.ts';
import { keepChunks, type ChunkParts, type KeepCurve } from './keep-chunks.ts';
import { FORMS, linearWeight, NORMALISED, scores, type HeadVectors } from './linear-forms.ts';
import type { PlainSite } from './plain-sites.ts';

/** What would happen if linear forms stood in a softmax's place. */
export interface Swap {
	readonly kind: 'swap';
	/** Queries measured. */
	readonly rows: number;
	/** A head each, in the order of `FORMS`: `‖linear − softmax‖ / ‖softmax‖` of the outputs; null where the form has no meaning. */
	readonly errors: readonly (readonly (number | null)[])[];
	/** A head each, in the order of `NORMALISED`. */
	readonly curves: readonly (readonly KeepCurve[])[];
}

/** Above this many queries, blocks of them stand for all. */
const MOST_ROWS = 256;
const BLOCK = 32;

/** The queries that are measured: all, or eight blocks spread evenly, the last one at the end. */
export function measuredRows(T: number): (readonly [from: number, to: number])[] {
	if (T <= MOST_ROWS) return [[0, T]];
	const blocks = MOST_ROWS / BLOCK;
	return Array.from({ length: blocks }, (_, at) => {
		const from = Math.round(((T - BLOCK) * (at + 1)) / blocks);
		return [from, from + BLOCK] as const;
	});
}

/** Rows of a head's exact matrix, one after the other: `[rows, S]`. */
export async function rowsOf(
	{ results }: OpenSite,
	head: number,
	blocks: readonly (readonly [number, number])[],
): Promise<Float32Array> {
	const { S } = results.shape;
	const count = blocks.reduce((sum, [from, to]) => sum + to - from, 0);
	const all = new Float32Array(count * S);
	let at = 0;
	for (const rows of blocks) {
		const place: Rectangle = { batch: 0, head, rows, columns: [0, S] };
		all.set((await results.weights(place)).values, at * S);
		at += rows[1] - rows[0];
	}
	return all;
}

/** Measures every head of a softmax site. */
export async function measureSwap(context: ViewContext, plain: PlainSite): Promise<Swap> {
	const { site, H, T, S, name } = plain;
	const open = await context.attention(site);
	const vectors = await siteVectors(context, site, plain);
	const blocks = measuredRows(T);
	const queries = blocks.flatMap(([from, to]) =>
		Array.from({ length: to - from }, (_, at) => from + at),
	);
	const errors: (number | null)[][] = [];
	const curves: KeepCurve[][] = [];
	for (let h = 0; h < H; h++) {
		context.signal.throwIfAborted();
		context.progress(`Putting linear forms in the place of ${name}`, h, H);
		const head = vectors.head(h);
		const weights = await rowsOf(open, h, blocks);
		const parts = headParts(plain, open, head, weights, queries);
		const own = NORMALISED.map((form) => parts.folded(linearWeight(form, head)));
		const sizes = { R: queries.length, N: plain.N, V: head.V };
		curves.push(
			own.map((folded) => keepChunks(parts.exact, folded, parts.open, parts.wanted, sizes)),
		);
		const whole = own.map((folded) => distance(answers(folded, sizes), parts.wanted));
		const delta =
			plain.causal && T === S
				? distance(await deltaAnswers(context, head, T, queries), parts.wanted)
				: null;
		errors.push(FORMS.map((form) => (form === 'delta' ? delta : whole[NORMALISED.indexOf(form)]!)));
	}
	return { kind: 'swap', rows: queries.length, errors, curves };
}

/** At the measured queries: `[R, V]`. */
async function deltaAnswers(
	context: ViewContext,
	head: HeadVectors,
	T: number,
	queries: readonly number[],
): Promise<Float64Array> {
	const output = await unitDelta(context, head, T).output();
	const { V } = head;
	return Float64Array.from(queries.flatMap((t) => Array.from(output.subarray(t * V, (t + 1) * V))));
}

/** What exact and folded chunks give each measured query of a head, in the same unit. */
function headParts(
	{ S, N, C, causal, masked, window }: PlainSite,
	{ queryOffset }: OpenSite,
	head: HeadVectors,
	weights: Float32Array,
	queries: readonly number[],
) {
	const { v, V } = head;
	const R = queries.length;
	const gather = (weight: (r: number, j: number) => number): ChunkParts => {
		const sums = new Float64Array(R * N * V);
		const masses = new Float64Array(R * N);
		for (let r = 0; r < R; r++) {
			for (let j = 0; j < S; j++) {
				const given = weight(r, j);
				if (given === 0) continue;
				const cell = r * N + Math.floor(j / C);
				masses[cell]! += given;
				for (let d = 0; d < V; d++) sums[cell * V + d]! += given * v[j * V + d]!;
			}
		}
		return { sums, masses };
	};
	const exact = gather((r, j) => weights[r * S + j]!);
	const seen = (r: number, j: number) => {
		const own = queries[r]! + queryOffset;
		if (causal && j > own) return false;
		if (window !== null && j <= own - window) return false;
		return !masked || weights[r * S + j]! > 0;
	};
	const folded = (weight: (t: number, j: number) => number) => {
		const raw = new Float64Array(R * S);
		const totals = new Float64Array(R);
		for (let r = 0; r < R; r++) {
			for (let j = 0; j < S; j++) {
				if (seen(r, j)) totals[r]! += raw[r * S + j] = weight(queries[r]!, j);
			}
		}
		const unit = unitOf(head, weights, queries, totals, S);
		return gather((r, j) => raw[r * S + j]! * unit[r]!);
	};
	return {
		exact,
		folded,
		open: Int32Array.from(queries, (t) => (causal ? Math.floor((t + queryOffset) / C) : -1)),
		wanted: answers(exact, { R, N, V }),
	};
}

/**
 * What turns a query's linear weights into the unit of its softmax weights: `c / Z_t`, Z_t the softmax's denominator, and c one
 * number a head, the geometric mean of `Z_t / Σ_j φ·φ`, as a layer that mixes both under one normaliser would learn it
 * (arXiv:2410.10254).
 */
function unitOf(
	head: HeadVectors,
	weights: Float32Array,
	queries: readonly number[],
	totals: Float64Array,
	S: number,
): Float64Array {
	const score = scores(head);
	const logs = Float64Array.from(queries, (t, r) => {
		const row = weights.subarray(r * S, (r + 1) * S);
		const at = row.reduce((best, x, j) => (x > row[best]! ? j : best), 0);
		return row[at]! > 0 ? score(t, at) - Math.log(row[at]!) : NaN;
	});
	const ratios = Array.from(logs, (log, r) => log - Math.log(totals[r]!)).filter(Number.isFinite);
	const c = ratios.length > 0 ? ratios.reduce((a, x) => a + x, 0) / ratios.length : 0;
	return logs.map((log) => (Number.isNaN(log) ? 0 : Math.exp(c - log)));
}

/** `[R, V]`: all chunks of one kind together. */
function answers(
	{ sums, masses }: ChunkParts,
	{ R, N, V }: { readonly R: number; readonly N: number; readonly V: number },
): Float64Array {
	const given = new Float64Array(R * V);
	for (let r = 0; r < R; r++) {
		let mass = 0;
		for (let n = 0; n < N; n++) {
			mass += masses[r * N + n]!;
			for (let d = 0; d < V; d++) given[r * V + d]! += sums[(r * N + n) * V + d]!;
		}
		for (let d = 0; d < V; d++) given[r * V + d] = mass > 0 ? given[r * V + d]! / mass : 0;
	}
	return given;
}

function distance(given: Float64Array, wanted: Float64Array): number {
	const apart = given.reduce((sum, x, at) => sum + (x - wanted[at]!) ** 2, 0);
	const size = wanted.reduce((sum, x) => sum + x * x, 0);
	return size > 0 ? Math.sqrt(apart / size) : 0;
}

/** A memory by the delta rule with β = 1 and queries and keys of unit length, for one head. */
export function unitDelta(
	{ device }: ViewContext,
	{ q, k, v, K, V }: HeadVectors,
	T: number,
): MemoryResults {
	const inputs = {
		q: unitVectors(q, K),
		k: unitVectors(k, K),
		v: { data: Float32Array.from(v), strides: contiguous('BHTK', [1, 1, T, V]) },
		beta: { data: Float32Array.of(1), strides: [0, 0, 0, 0] as const },
	};
	const shape = { B: 1, H: 1, queryHeads: 1, keyHeads: 1, valueHeads: 1, T, K, V };
	return deltaRule(device, inputs, shape, { scale: 1 });
}

function unitVectors(vectors: Float64Array, K: number): Strided {
	const data = new Float32Array(vectors.length);
	for (let from = 0; from < vectors.length; from += K) {
		const vector = vectors.subarray(from, from + K);
		const length = Math.hypot(...vector) || 1;
		vector.forEach((x, i) => (data[from + i] = x / length));
	}
	return { data, strides: contiguous('BHTK', [1, 1, vectors.length / K, K]) };
}
