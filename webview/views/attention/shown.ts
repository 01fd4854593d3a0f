import type { Size } from '../../view-api/scene.ts';
import type { AttentionData, MeasuredSite, PooledWeights, SitePicture } from './compute.ts';
import type { WeightQuery } from './detail.ts';
import { geometryOf, type Geometry } from './geometry.ts';
import { summarizeHead, type HeadSummary } from './patterns.ts';
import { expectedQueries, keyTokens } from './sequence.ts';
import { pictureOf, visibleWindow, type AttentionState } from './state.ts';

/** Everything one frame draws, gathered once. */
export interface Shown {
	readonly data: AttentionData;
	readonly state: AttentionState;
	readonly picture: SitePicture;
	readonly measured: MeasuredSite;
	readonly heads: readonly HeadSummary[];
	readonly summary: HeadSummary;
	readonly window: ReturnType<typeof visibleWindow>;
	readonly size: Size;
	readonly geometry: Geometry;
	/** The weights in sight, as finely as known so far; undefined while none are. */
	readonly weights: PooledWeights | undefined;
	/** The exact weights of the query under the cursor, one a key; undefined until they are known. */
	readonly row: Float32Array | undefined;
}

export type Known = (query: WeightQuery) => PooledWeights | undefined;

export function shownOf(
	data: AttentionData,
	state: AttentionState,
	size: Size,
	known: Known,
): Shown | undefined {
	const picture = pictureOf(data, state);
	if (!picture?.measured) return undefined;
	const { measured } = picture;
	const heads = headSummaries(data, picture, measured, state.batch);
	const window = visibleWindow(measured, state);
	const geometry = geometryOf(data, measured, window, size);
	const weights =
		known(windowQuery(state, window, resolution(geometry))) ?? thumbnailOf(measured, state);
	return {
		...{ data, state, picture, measured, heads, window, size, geometry, weights },
		summary: heads[state.head]!,
		row:
			rowOf(state, measured, weights) ?? rowOf(state, measured, known(rowsQuery(state, measured))),
	};
}

/** What a frame needs beyond the measured data. */
export function weightQueries(
	data: AttentionData,
	state: AttentionState,
	size: Size,
): WeightQuery[] {
	const measured = pictureOf(data, state)?.measured;
	if (!measured) return [];
	const window = visibleWindow(measured, state);
	const most = resolution(geometryOf(data, measured, window, size));
	const query = windowQuery(state, window, most);
	const whole = state.span === 0 && query.most >= Math.max(measured.T, measured.S);
	return whole ? [query] : [query, rowsQuery(state, measured)];
}

/** Resolutions asked for, so that a picture that grows by a pixel is not computed anew. */
export const RESOLUTIONS = [64, 128, 256, 512, 1024];

function resolution({ matrix }: Geometry): number {
	const pixels = Math.max(matrix.width, matrix.height);
	return RESOLUTIONS.find((each) => each >= pixels) ?? RESOLUTIONS.at(-1)!;
}

export function windowQuery(
	{ site, batch, head }: AttentionState,
	{ rows, columns }: Shown['window'],
	most: number,
): WeightQuery {
	return { site, batch, head, rows, columns, most };
}

/** Rows that are fetched together: neighbours are wanted next, and cost a GPU no more. */
const ROWS_TOGETHER = 16;

function rowsQuery(
	{ site, batch, head, query }: AttentionState,
	{ T, S }: MeasuredSite,
): WeightQuery {
	const from = query - (query % ROWS_TOGETHER);
	const to = Math.min(T, from + ROWS_TOGETHER);
	return { site, batch, head, rows: [from, to], columns: [0, S], most: Math.max(ROWS_TOGETHER, S) };
}

function thumbnailOf(measured: MeasuredSite, state: AttentionState): PooledWeights | undefined {
	return state.batch === 0 && state.span === 0 ? measured.thumbnails[state.head] : undefined;
}

function rowOf(
	{ query }: AttentionState,
	{ S }: MeasuredSite,
	weights: PooledWeights | undefined,
): Float32Array | undefined {
	if (!weights || !isExact(weights) || weights.cells[1] !== S) return undefined;
	const at = (query - weights.rows[0]) * S;
	return at >= 0 && query < weights.rows[1] ? weights.values.subarray(at, at + S) : undefined;
}

export function isExact({ cellSize }: PooledWeights): boolean {
	return cellSize[0] === 1 && cellSize[1] === 1;
}

const summaries = new WeakMap<MeasuredSite, Map<number, readonly HeadSummary[]>>();

/** Summaries of all heads; computed once a sequence, since every frame needs them. */
export function headSummaries(
	data: AttentionData,
	picture: SitePicture,
	measured: MeasuredSite,
	batch: number,
): readonly HeadSummary[] {
	const known = summaries.get(measured) ?? new Map<number, readonly HeadSummary[]>();
	summaries.set(measured, known);
	const found = known.get(batch);
	if (found) return found;
	const sequence = {
		tokens: picture.site.cross ? [] : keyTokens(data, measured, batch),
		expected: expectedQueries(data, measured, batch),
	};
	const made = Array.from({ length: measured.H }, (_, head) =>
		summarizeHead(picture, measured, batch, head, sequence),
	);
	known.set(batch, made);
	return made;
}
