import type { ViewContext } from '../../view-api/view.ts';
import { siteVectors } from './head-vectors.ts';
import { linearWeight, scores, type HeadVectors, type LinearForm } from './linear-forms.ts';
import type { PlainSite } from './plain-sites.ts';
import { measuredRows, rowsOf, unitDelta } from './swap.ts';

/** How one token reads the past: by the site's own exact weights, and by what might stand there instead. */
export interface Reading {
	readonly kind: 'reading';
	/** `[S]` each. */
	readonly own: Float32Array;
	readonly other: Float32Array;
}

/** What memories read beside what softmax on the same q and k would. */
export interface Overlap {
	readonly kind: 'overlap';
	/** A head each: the share of weight that lies, above zero, on the same keys: `Σ_j min(max(M, 0)/Σ|M|, P)`, mean over the measured queries. */
	readonly overlap: readonly number[];
	/** The share of the memory's weight below zero. */
	readonly negative: readonly number[];
}

export async function readPast(
	context: ViewContext,
	plain: PlainSite,
	{
		head,
		query,
		form,
	}: { readonly head: number; readonly query: number; readonly form: LinearForm },
): Promise<Reading> {
	const open = await context.attention(plain.site);
	const own = await rowsOf(open, head, [[query, query + 1]]);
	const vectors = (await siteVectors(context, plain.site, plain)).head(head);
	const seen = keysSeen(plain, query + open.queryOffset, own);
	if (plain.kind === 'memory')
		return { kind: 'reading', own, other: softmaxOf(vectors, query, seen) };
	if (form === 'delta') {
		return { kind: 'reading', own, other: await deltaRow(context, plain, vectors, query) };
	}
	const weight = linearWeight(form, vectors);
	const other = Float32Array.from(own, (_, j) => (seen[j] ? weight(query, j) : 0));
	const sum = other.reduce((a, x) => a + x, 0);
	return { kind: 'reading', own, other: other.map((x) => (sum > 0 ? x / sum : 0)) };
}

/** Measures every head of a memory. */
export async function measureOverlap(context: ViewContext, plain: PlainSite): Promise<Overlap> {
	const { site, H, T, S, name } = plain;
	const open = await context.attention(site);
	const vectors = await siteVectors(context, site, plain);
	const blocks = measuredRows(T);
	const queries = blocks.flatMap(([from, to]) =>
		Array.from({ length: to - from }, (_, at) => from + at),
	);
	const overlap: number[] = [];
	const negative: number[] = [];
	for (let h = 0; h < H; h++) {
		context.signal.throwIfAborted();
		context.progress(`Holding ${name} against softmax`, h, H);
		const all = await rowsOf(open, h, blocks);
		const head = vectors.head(h);
		let shared = 0;
		let below = 0;
		queries.forEach((t, r) => {
			const row = all.subarray(r * S, (r + 1) * S);
			const mass = row.reduce((sum, x) => sum + Math.abs(x), 0);
			if (mass === 0) return;
			const softmax = softmaxOf(head, t, keysSeen(plain, t + open.queryOffset, row));
			row.forEach((x, j) => {
				shared += Math.min(Math.max(0, x) / mass, softmax[j]!);
				if (x < 0) below -= x / mass;
			});
		});
		overlap.push(shared / queries.length);
		negative.push(below / queries.length);
	}
	return { kind: 'overlap', overlap, negative };
}

/** @param row the exact weights, by which a tensor that masks shows what it hides */
function keysSeen(
	{ causal, masked, window }: PlainSite,
	own: number,
	row: Float32Array,
): readonly boolean[] {
	return Array.from(row, (weight, j) => {
		if (causal && j > own) return false;
		if (window !== null && j <= own - window) return false;
		return !masked || weight > 0;
	});
}

function softmaxOf(head: HeadVectors, t: number, seen: readonly boolean[]): Float32Array {
	const score = scores(head);
	const values = seen.map((sees, j) => (sees ? score(t, j) : -Infinity));
	const largest = values.reduce((a, x) => Math.max(a, x), -Infinity);
	if (largest === -Infinity) return new Float32Array(seen.length);
	const weights = values.map((x) => Math.exp(x - largest));
	const sum = weights.reduce((a, x) => a + x, 0);
	return Float32Array.from(weights, (x) => x / sum);
}

async function deltaRow(
	context: ViewContext,
	{ T, S, causal }: PlainSite,
	head: HeadVectors,
	query: number,
): Promise<Float32Array> {
	if (!causal || T !== S) return new Float32Array(S);
	const place = { batch: 0, head: 0, rows: [query, query + 1], columns: [0, T] } as const;
	return (await unitDelta(context, head, T).weights(place)).values;
}
