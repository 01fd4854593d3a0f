import type { AttentionSite } from '../../../extension/protocol/model.ts';
import type { Control, SceneEvent, ViewContext } from '../../view-api/view.ts';
import { SiteTensorError } from '../../view-api/site-tensors.ts';
import { keptFor } from './keep-chunks.ts';
import {
	FORMS,
	formNames,
	NORMALISED,
	type LinearForm,
	type NormalisedForm,
} from './linear-forms.ts';
import type { PlainData, PlainSite } from './plain-sites.ts';
import { measureOverlap, readPast, type Overlap, type Reading } from './reading.ts';
import { whole } from './state.ts';
import { measureSwap, type Swap } from './swap.ts';

export interface PlainState {
	/** Index into the sites. */
	readonly layer: number;
	readonly head: number;
	/** The token whose reading is shown. */
	readonly query: number;
	readonly form: LinearForm;
	/** What the output of a head may be off by, in percent of its size. */
	readonly error: number;
	/** The chunk under the cursor of the chosen layer's track: `head · N + chunk`, or −1. */
	readonly cell: number;
}

/** A site measured whole, or how one token reads in one head of it. */
export type PlainQuery =
	| { readonly kind: 'measure'; readonly site: string }
	| {
			readonly kind: 'reading';
			readonly site: string;
			readonly head: number;
			readonly query: number;
			readonly form: LinearForm;
	  };
export type PlainDetail = Swap | Overlap | Reading;
export type PlainKnown = (query: PlainQuery) => PlainDetail | undefined;

export async function fetchPlain(
	context: ViewContext,
	{ sites }: PlainData,
	query: PlainQuery,
): Promise<PlainDetail> {
	const plain = sites.find(({ site }) => site.id === query.site);
	if (!plain) throw new SiteTensorError(`The run has no site ${query.site}.`);
	if (query.kind === 'reading') return readPast(context, plain, query);
	return plain.kind === 'softmax' ? measureSwap(context, plain) : measureOverlap(context, plain);
}

export function restorePlain({ sites, labels }: PlainData, saved: unknown): PlainState {
	const old = (typeof saved === 'object' && saved !== null ? saved : {}) as Record<string, unknown>;
	const last = Math.max(
		0,
		sites.findLastIndex(({ kind }) => kind === 'softmax'),
	);
	const layer = whole(old['layer'], sites.length) ?? last;
	const { H = 1, T = 1, N = 1 } = sites[layer] ?? {};
	const error = Number(old['error']);
	return {
		layer,
		head: whole(old['head'], H) ?? 0,
		query: whole(old['query'], T) ?? tellingQuery(labels, T),
		form: FORMS.find((form) => form === old['form']) ?? 'taylor2',
		error: Number.isFinite(error) && error >= 1 && error <= 100 ? Math.round(error) : 10,
		cell: whole(old['cell'], H * N) ?? -1,
	};
}

/** The last token that an answer is expected of. */
function tellingQuery(labels: readonly number[], T: number): number {
	const last = labels.findLastIndex((label) => label >= 0);
	return last >= 0 && last < T ? last : T - 1;
}

export function focusPlain({ sites }: PlainData, state: PlainState, { id }: AttentionSite) {
	const layer = sites.findIndex(({ site }) => site.id === id);
	return layer < 0 || layer === state.layer ? state : { ...state, layer, head: 0, cell: -1 };
}

export function plainControls(
	{ sites }: PlainData,
	{ layer }: PlainState,
): Control<keyof PlainState>[] {
	const plain = sites[layer];
	if (!plain) return [];
	const numbered = (count: number, name: (at: number) => string) =>
		Array.from({ length: count }, (_, at) => ({ value: String(at), label: name(at) }));
	const swaps: Control<keyof PlainState>[] = [
		{
			kind: 'choice',
			field: 'form',
			label: 'In softmax’s place',
			help: 'A linear form on the same queries, keys and values, without training.',
			options: FORMS.map((value) => ({ value, label: formNames[value] })),
		},
		{
			kind: 'slider',
			field: 'error',
			label: 'Error allowed (%)',
			help: 'How far a head’s output may lie from the model’s own, in percent of its size.',
			min: 1,
			max: 100,
			step: 1,
		},
	];
	return [
		{
			kind: 'choice',
			field: 'layer',
			label: 'Layer',
			options: numbered(sites.length, (at) => sites[at]!.name),
		},
		{ kind: 'choice', field: 'head', label: 'Head', options: numbered(plain.H, String) },
		...(sites.some(({ kind }) => kind === 'softmax') ? swaps : []),
	];
}

/** On the tracks and maps a press picks the head, on a map the form too; on the strip the token that reads. */
export function actPlain(data: PlainData, state: PlainState, event: SceneEvent): PlainState {
	if (event.kind === 'leave') return { ...state, cell: -1 };
	const [part = '', which = ''] = event.target.split(':');
	if (part === 'past' && event.kind === 'press') {
		return restorePlain(data, { ...state, query: event.column });
	}
	if (part === 'track') {
		const layer = Number(which);
		const cell = event.row * data.sites[layer]!.N + event.column;
		if (event.kind === 'press')
			return restorePlain(data, { ...state, layer, head: event.row, cell });
		return layer === state.layer ? { ...state, cell } : state;
	}
	if (part === 'map' && event.kind === 'press') {
		const form = FORMS.find((each) => each === which) ?? state.form;
		const sites = which === 'overlap' ? 'memory' : 'softmax';
		const layer = data.sites.indexOf(sitesOf(data, sites)[event.row]!);
		return restorePlain(data, { ...state, form, layer, head: event.column });
	}
	return state;
}

export function sitesOf({ sites }: PlainData, kind: PlainSite['kind']): PlainSite[] {
	return sites.filter((plain) => plain.kind === kind);
}

/** The sites one after the other, the chosen one first; then how the chosen token reads. */
export function plainQueries({ sites }: PlainData, state: PlainState): PlainQuery[] {
	const chosen = sites[state.layer];
	if (!chosen) return [];
	const { head, query, form } = state;
	const order = [chosen, ...sites.filter((plain) => plain !== chosen)];
	return [
		{ kind: 'reading', site: chosen.site.id, head, query, form },
		...order.map(({ site }): PlainQuery => ({ kind: 'measure', site: site.id })),
	];
}

/** The measured softmax sites. */
export function swapsOf(data: PlainData, known: PlainKnown): { plain: PlainSite; swap: Swap }[] {
	return sitesOf(data, 'softmax').flatMap((plain) => {
		const swap = known({ kind: 'measure', site: plain.site.id });
		return swap?.kind === 'swap' ? [{ plain, swap }] : [];
	});
}

/** Of the curves, for a form that has none because nothing can share a normaliser with it, those of Taylor-2. */
export function curveForm(form: LinearForm): NormalisedForm {
	return form === 'delta' ? 'taylor2' : form;
}

/** `[H · N]` digits: 1 where a chunk must stay softmax for the error allowed. */
export function mustStay(
	{ H, N }: PlainSite,
	{ curves }: Swap,
	{ form, error }: Pick<PlainState, 'form' | 'error'>,
): number[] {
	const digits = new Array<number>(H * N).fill(0);
	const at = NORMALISED.indexOf(curveForm(form));
	curves.forEach((forms, h) => {
		const curve = forms[at]!;
		const kept = keptFor(curve, error / 100);
		for (const chunk of curve.order.slice(0, kept)) digits[h * N + chunk] = 1;
	});
	return digits;
}
