import type { MeasuredSite, SitePicture } from './compute.ts';
import { ofHead } from './sequence.ts';

/** What a head's largest weights have in common. */
export type Pattern =
	/** The token after an earlier copy of the query's token (arXiv 2209.11895). */
	| 'induction'
	/** An earlier copy of the query's token. */
	| 'copy'
	| 'previous'
	| 'self'
	/** The first token, as a place to put weight that is not needed (arXiv 2309.17453). */
	| 'first'
	/** A fixed distance back other than 0 and 1. */
	| 'offset'
	/** Close to the same weight on every key that may be seen. */
	| 'even'
	/** None of these holds for most queries. */
	| 'mixed';

/** One head of one sequence in numbers. */
export interface HeadSummary {
	readonly head: number;
	/** Means over the queries that see more than one key: nats, the largest's share, tokens back, tokens, share below zero. */
	readonly entropy: number;
	readonly largest: number;
	readonly back: number;
	readonly reach: number;
	readonly negative: number;
	/** Mean entropy over the largest possible, 0 to 1. */
	readonly evenness: number;
	readonly pattern: Pattern;
	/** Queries the pattern could hold for, those it holds for, and the mean weight that these put there. */
	readonly eligible: number;
	readonly hits: number;
	readonly weight: number;
	/** Of an `offset` pattern: tokens back. */
	readonly offset: number;
	/** Queries that an answer is expected at, and the mean of their largest weights. */
	readonly expected: { readonly queries: number; readonly largest: number };
}

/** Above this mean share of the largest possible entropy a head is called even. */
const EVEN = 0.95;
/** A pattern is named when it holds for more than this share of the queries it could hold for. */
const MOST = 0.5;
/** Fewer queries than this show no pattern. */
const FEWEST_QUERIES = 3;

/** Keys a query sees, as far as the form of the mask tells. */
export function visibleKeys({ site }: SitePicture, measured: MeasuredSite, query: number): number {
	const { S, queryOffset } = measured;
	const seen = site.mask === 'causal' ? Math.min(S, query + queryOffset + 1) : S;
	return site.window === null ? seen : Math.min(seen, site.window);
}

/** What is known of one sequence beside its weights; both empty for none. */
export interface Sequence {
	/** One a key. */
	readonly tokens: readonly string[];
	/** Queries that an answer is expected at. */
	readonly expected: readonly number[];
}

export function summarizeHead(
	picture: SitePicture,
	measured: MeasuredSite,
	batch: number,
	head: number,
	{ tokens, expected }: Sequence,
): HeadSummary {
	const { T, queryOffset } = measured;
	const entropy = ofHead(measured.entropy, measured, batch, head);
	const largest = ofHead(measured.share, measured, batch, head);
	const largestAt = ofHead(measured.largestAt, measured, batch, head);
	const distance = ofHead(measured.distance, measured, batch, head);
	const seen = (query: number) => visibleKeys(picture, measured, query);
	const queries = Array.from({ length: T }, (_, t) => t).filter(
		(t) => seen(t) > 1 && largest[t]! > 0,
	);
	const mean = (value: (t: number) => number, over: readonly number[] = queries) =>
		over.reduce((sum, t) => sum + value(t), 0) / Math.max(1, over.length);
	const own = (t: number) => t + queryOffset;
	const back = (t: number) => own(t) - largestAt[t]!;

	const means = {
		head,
		entropy: mean((t) => entropy[t]!),
		largest: mean((t) => largest[t]!),
		back: mean(back),
		reach: mean((t) => distance[t]!),
		negative: mean((t) => ofHead(measured.negative, measured, batch, head)[t]!),
		evenness: mean((t) => entropy[t]! / Math.log(seen(t))),
		expected: { queries: expected.length, largest: mean((t) => largest[t]!, expected) },
	};
	if (means.evenness >= EVEN) {
		return { ...means, ...named('even', queries, queries), weight: means.largest, offset: 0 };
	}

	const candidates = candidatePatterns(queries, own, back, picture.site.cross ? [] : tokens);
	let best = { ...named('mixed', queries, []), weight: means.largest, offset: 0 };
	let bestScore = 0;
	for (const { pattern, eligible, holds, offset = 0 } of candidates) {
		if (eligible.length < FEWEST_QUERIES) continue;
		const hits = eligible.filter(holds);
		const weight = mean((t) => largest[t]!, hits);
		const share = hits.length / eligible.length;
		const score = share > MOST ? share * weight : 0;
		if (score <= bestScore) continue;
		bestScore = score;
		best = { ...named(pattern, eligible, hits), weight, offset };
	}
	return { ...means, ...best };
}

function named(pattern: Pattern, eligible: readonly number[], hits: readonly number[]) {
	return { pattern, eligible: eligible.length, hits: hits.length };
}

interface Candidate {
	readonly pattern: Pattern;
	readonly eligible: readonly number[];
	readonly offset?: number;
	readonly holds: (query: number) => boolean;
}

function candidatePatterns(
	queries: readonly number[],
	own: (query: number) => number,
	back: (query: number) => number,
	tokens: readonly string[],
): Candidate[] {
	const offset = mostFrequent(queries.map(back).filter((distance) => distance > 1));
	const key = (query: number) => own(query) - back(query);
	const repeated = repeats(queries, own, tokens);
	return [
		{
			pattern: 'induction',
			eligible: repeated,
			holds: (t) => key(t) > 0 && key(t) <= own(t) && tokens[key(t) - 1] === tokens[own(t)],
		},
		{
			pattern: 'copy',
			eligible: repeated,
			holds: (t) => key(t) < own(t) && tokens[key(t)] === tokens[own(t)],
		},
		{ pattern: 'previous', eligible: queries, holds: (t) => back(t) === 1 },
		{ pattern: 'self', eligible: queries, holds: (t) => back(t) === 0 },
		{ pattern: 'first', eligible: queries.filter((t) => own(t) > 1), holds: (t) => key(t) === 0 },
		{
			pattern: 'offset',
			eligible: queries.filter((t) => own(t) >= offset),
			offset,
			holds: (t) => back(t) === offset,
		},
	];
}

/** Queries whose token stood before, with at least one token in between. */
function repeats(
	queries: readonly number[],
	own: (query: number) => number,
	tokens: readonly string[],
): number[] {
	const firstAt = new Map<string, number>();
	tokens.forEach((token, at) => {
		if (!firstAt.has(token)) firstAt.set(token, at);
	});
	return queries.filter((t) => {
		const token = tokens[own(t)];
		return token !== undefined && firstAt.get(token)! < own(t) - 1;
	});
}

function mostFrequent(values: readonly number[]): number {
	const counts = new Map<number, number>();
	for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
	let best = 0;
	for (const [value, count] of counts) if (count > (counts.get(best) ?? 0)) best = value;
	return best;
}
