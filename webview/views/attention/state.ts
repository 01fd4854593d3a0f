import type { AttentionSite } from '../../../extension/protocol/model.ts';
import type { Range } from '../../../kernels/common/attention-results.ts';
import type { Control, SceneEvent } from '../../view-api/view.ts';
import { siteName, type AttentionData, type MeasuredSite, type SitePicture } from './compute.ts';

export interface AttentionState {
	/** A site's id. */
	readonly site: string;
	/** Which sequence of the batch. */
	readonly batch: number;
	readonly head: number;
	/** Colours show each weight as a part of its query's largest, instead of as it is. */
	readonly relative: boolean;
	/** What is coloured under this is left empty, 0 to 1. */
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
	const picture =
		data.sites.find(({ site }) => site.id === old['site']) ??
		data.sites.findLast(({ measured }) => measured) ??
		data.sites[0];
	if (!picture) return NOWHERE;
	const measured = picture.measured;
	const site = picture.site.id;
	if (!measured) return { ...NOWHERE, site };
	const batch = whole(old['batch'], measured.B) ?? 0;
	const head = whole(old['head'], measured.H) ?? sharpestHead(measured, batch);
	const known = whole(old['query'], measured.T);
	const query = known ?? tellingQuery(data, measured, batch, head);
	const key =
		(known === undefined ? undefined : whole(old['key'], measured.S)) ??
		measured.largestAt[(batch * measured.H + head) * measured.T + query]!;
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

/** The head with the largest mean weight on one key. */
function sharpestHead({ H, T, largest }: MeasuredSite, batch: number): number {
	const mean = (head: number) =>
		largest.subarray((batch * H + head) * T, (batch * H + head + 1) * T).reduce((a, x) => a + x, 0);
	return Array.from({ length: H }, (_, head) => head).reduce((best, head) =>
		mean(head) > mean(best) ? head : best,
	);
}

/** The query with the largest weight among those with an expected answer, else of all that see more than themselves. */
function tellingQuery(
	{ labels }: AttentionData,
	{ H, T, largest, entropy }: MeasuredSite,
	batch: number,
	head: number,
): number {
	const at = (batch * H + head) * T;
	const all = Array.from({ length: T }, (_, t) => t);
	const labelled = all.filter((t) => isLabelled(labels, batch * T + t));
	const telling = labelled.length > 0 ? labelled : all.filter((t) => entropy[at + t]! > 0);
	return telling.reduce(
		(best, t) => (largest[at + t]! > largest[at + best]! ? t : best),
		telling[0] ?? 0,
	);
}

export function isLabelled(labels: readonly number[], at: number): boolean {
	return (labels[at] ?? -100) >= 0;
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
