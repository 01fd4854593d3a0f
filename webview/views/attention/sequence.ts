import type { AttentionData, MeasuredSite } from './compute.ts';

/** The words of one sequence, one a key; empty where the input's words do not stand for the keys. */
export function keyTokens(
	{ tokens }: AttentionData,
	{ B, S }: MeasuredSite,
	batch: number,
): readonly string[] {
	if (tokens.length === S) return tokens;
	return tokens.length === B * S ? tokens.slice(batch * S, (batch + 1) * S) : [];
}

/** The id expected at a query, or −100 where none is. */
export function labelOf(
	{ labels }: AttentionData,
	{ B, T, queryOffset }: MeasuredSite,
	batch: number,
	query: number,
): number {
	const at = labels.length === B * T ? batch * T + query : query + queryOffset;
	return labels[at] ?? -100;
}

/** Queries of one sequence that an answer is expected at. */
export function expectedQueries(
	data: AttentionData,
	measured: MeasuredSite,
	batch: number,
): number[] {
	if (data.labels.length === 0) return [];
	return Array.from({ length: measured.T }, (_, query) => query).filter(
		(query) => labelOf(data, measured, batch, query) >= 0,
	);
}

/** One head's stretch of a statistic laid out `[B, H, T]`. */
export function ofHead<Values extends Float32Array | Uint32Array>(
	values: Values,
	{ H, T }: MeasuredSite,
	batch: number,
	head: number,
): Values {
	const at = (batch * H + head) * T;
	return values.subarray(at, at + T) as Values;
}
