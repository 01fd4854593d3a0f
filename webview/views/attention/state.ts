import type { AttentionSite } from '../../../extension/protocol/model.ts';
import type { Range } from '../../../kernels/common/attention-results.ts';
import type { Control, SceneEvent } from '../../view-api/view.ts';
import { expectedQueries, ofHead } from './sequence.ts';
import { siteName, type AttentionData, type MeasuredSite, type SitePicture } from './compute.ts';

export interface AttentionState {
	/** A site's id. */
	readonly site: string;
	/** Which sequence of the batch. */
	readonly batch: number;
	readonly head: number;
	/** Colours show each weight as a part of its query's largest, instead of as it is. */
	readonly relative: boolean;
	/** What is coloured under this part of the scale is left empty, 0 to 1. */
	readonly threshold: number;
	/** Tokens a side that are shown; 0 for all. */
	readonly span: number;
	/** Middle of what is shown. */
	readonly row: number;
	readonly column: number;
	/** The query and key whose weight is read out. */
	readonly query: number;
	readonly key: number;
}

/** Windows that a press zooms into, largest first. */
const SPANS = [1024, 256, 64, 24] as const;

export const NOWHERE: AttentionState = {
	site: '',
	batch: 0,
	head: 0,
	relative: false,
	threshold: 0,
	span: 0,
	row: 0,
	column: 0,
	query: 0,
	key: 0,
};

/** The picture a state shows; undefined where the model has none. */
export function pictureOf(data: AttentionData, { site }: AttentionState): SitePicture | undefined {
	return data.sites.find((each) => each.site.id === site);
}

/** Reads whatever was saved; what does not fit the run starts at its most telling query. */
export function restore(data: AttentionData, saved: unknown): AttentionState {
	const old = (typeof saved === 'object' && saved !== null ? saved : {}) as Record<string, unknown>;
	const picture = data.sites.find(({ site }) => site.id === old['site']) ?? tellingSite(data);
	if (!picture) return NOWHERE;
	const measured = picture.measured;
	const site = picture.site.id;
	if (!measured) return { ...NOWHERE, site };
	const batch = whole(old['batch'], measured.B) ?? 0;
	const head = whole(old['head'], measured.H) ?? sharpestHead(data, measured, batch);
	const known = whole(old['query'], measured.T);
	const query = known ?? tellingQuery(data, measured, batch, head);
	const key =
		(known === undefined ? undefined : whole(old['key'], measured.S)) ??
		ofHead(measured.largestAt, measured, batch, head)[query]!;
	const span = Number(old['span']);
	const threshold = Number(old['threshold']);
	return {
		site,
		batch,
		head,
		relative: old['relative'] === true,
		threshold: threshold >= 0 && threshold <= 1 ? threshold : 0,
		span: SPANS.some((each) => each === span) ? span : 0,
		row: whole(old['row'], measured.T) ?? query,
		column: whole(old['column'], measured.S) ?? key,
		query,
		key,
	};
}

function whole(value: unknown, below: number): number | undefined {
	// a choice's value comes as text, and Number('') is 0
	if (typeof value !== 'number' && (typeof value !== 'string' || value === '')) return undefined;
	const number = Number(value);
	return Number.isInteger(number) && number >= 0 && number < below ? number : undefined;
}

/** Mean share of the largest weight of a head, over the queries with an expected answer where there are any. */
function sharpness(
	data: AttentionData,
	measured: MeasuredSite,
	batch: number,
	head: number,
): number {
	const share = ofHead(measured.share, measured, batch, head);
	const queries = tellingQueries(data, measured, batch, head);
	return queries.reduce((sum, query) => sum + share[query]!, 0) / Math.max(1, queries.length);
}

function sharpestHead(data: AttentionData, measured: MeasuredSite, batch: number): number {
	const heads = Array.from({ length: measured.H }, (_, head) => head);
	return largestBy(heads, (head) => sharpness(data, measured, batch, head)) ?? 0;
}

/** The site that has the sharpest head, else the first, which then says why it cannot be drawn. */
function tellingSite(data: AttentionData): SitePicture | undefined {
	const drawn = data.sites.filter(({ measured }) => measured);
	const sharpest = largestBy(drawn, ({ measured }) =>
		sharpness(data, measured!, 0, sharpestHead(data, measured!, 0)),
	);
	return sharpest ?? data.sites[0];
}

/** Queries with an expected answer, else all that see more than one key. */
function tellingQueries(
	data: AttentionData,
	measured: MeasuredSite,
	batch: number,
	head: number,
): number[] {
	const expected = expectedQueries(data, measured, batch);
	if (expected.length > 0) return expected;
	const entropy = ofHead(measured.entropy, measured, batch, head);
	return Array.from({ length: measured.T }, (_, query) => query).filter(
		(query) => entropy[query]! > 0,
	);
}

function tellingQuery(
	data: AttentionData,
	measured: MeasuredSite,
	batch: number,
	head: number,
): number {
	const share = ofHead(measured.share, measured, batch, head);
	const queries = tellingQueries(data, measured, batch, head);
	return largestBy(queries, (query) => share[query]!) ?? 0;
}

/** The first of the items with the largest value. */
function largestBy<Item>(items: readonly Item[], value: (item: Item) => number): Item | undefined {
	let best: { item: Item; value: number } | undefined;
	for (const item of items) {
		const own = value(item);
		if (!best || own > best.value) best = { item, value: own };
	}
	return best?.item;
}

/** Queries and keys in sight. */
export function visibleWindow(
	{ T, S }: MeasuredSite,
	{ span, row, column }: AttentionState,
): { readonly rows: Range; readonly columns: Range } {
	return { rows: stretch(T, span, row), columns: stretch(S, span, column) };
}

function stretch(length: number, span: number, middle: number): Range {
	if (span === 0 || span >= length) return [0, length];
	const from = Math.min(length - span, Math.max(0, middle - Math.floor(span / 2)));
	return [from, from + span];
}

/** Shows a site with its sharpest head. */
export function focus(
	data: AttentionData,
	state: AttentionState,
	{ id }: AttentionSite,
): AttentionState {
	if (id === state.site) return state;
	const { relative, threshold } = state;
	return restore(data, { site: id, relative, threshold });
}

/** What a press or the cursor does: `head:N` picks a head, the matrix reads out a weight, a press on it zooms. */
export function act(data: AttentionData, state: AttentionState, event: SceneEvent): AttentionState {
	const measured = pictureOf(data, state)?.measured;
	if (!measured) return state;
	if (event.target.startsWith('head:')) {
		if (event.kind !== 'press') return state;
		return restore(data, { ...state, head: Number(event.target.slice('head:'.length)) });
	}
	if (event.target !== 'matrix' || event.kind === 'leave') return state;
	const { rows, columns } = visibleWindow(measured, state);
	const query = Math.min(rows[1] - 1, rows[0] + event.row);
	const key = Math.min(columns[1] - 1, columns[0] + event.column);
	if (event.kind === 'point') return { ...state, query, key };
	const longest = Math.max(rows[1] - rows[0], columns[1] - columns[0]);
	const span = SPANS.find((each) => each < longest) ?? 0;
	return { ...state, query, key, span, row: query, column: key };
}

export function controls(
	data: AttentionData,
	state: AttentionState,
): Control<keyof AttentionState>[] {
	const measured = pictureOf(data, state)?.measured;
	const list: Control<keyof AttentionState>[] = [
		{
			kind: 'choice',
			field: 'site',
			label: 'Layer',
			options: data.sites.map(({ site, measured: drawn }) => ({
				value: site.id,
				label: drawn ? siteName(site) : `${siteName(site)} (not drawn)`,
			})),
		},
	];
	if (!measured) return list;
	list.push(numbered('head', 'Head', measured.H));
	if (measured.B > 1) list.push(numbered('batch', 'Sequence', measured.B));
	list.push(
		{
			kind: 'toggle',
			field: 'relative',
			label: 'Relative to each query’s largest',
			help: 'Colours each row by its own largest weight, so that diffuse rows show their shape too.',
		},
		{
			kind: 'slider',
			field: 'threshold',
			label: 'Hide below',
			help: 'Cells under this are left empty.',
			min: 0,
			max: 1,
			step: 0.01,
		},
	);
	const spans = SPANS.filter((span) => span < Math.max(measured.T, measured.S));
	if (spans.length > 0) {
		const sizes = spans.map((span) => ({ value: String(span), label: `${span} tokens` }));
		list.push({
			kind: 'choice',
			field: 'span',
			label: 'Window',
			help: 'A press on the picture, or Enter, zooms in around that cell.',
			options: [{ value: '0', label: 'all tokens' }, ...sizes],
		});
	}
	return list;
}

function numbered(field: 'head' | 'batch', label: string, count: number): Control<typeof field> {
	const options = Array.from({ length: count }, (_, at) => ({
		value: String(at),
		label: String(at),
	}));
	return { kind: 'choice', field, label, options };
}
