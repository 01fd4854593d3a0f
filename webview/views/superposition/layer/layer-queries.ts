import type { ViewContext } from '../../../view-api/view.ts';
import type { SuperposedData } from '../data.ts';
import type { SuperpositionState } from '../state.ts';
import { matricesOf, spectrumOf, type Matrices } from './matrices.ts';
import { oneInput, type InputWish, type OneInput } from './one-input.ts';

export type LayerQuery =
	| InputWish
	| { readonly kind: 'matrices'; readonly layer: number }
	| { readonly kind: 'spectrum'; readonly layer: number; readonly which: 'W' | 'R' | 'D' };

export interface Spectrum {
	readonly kind: 'spectrum';
	readonly values: Float64Array;
}

export type LayerDetail = OneInput | Matrices | Spectrum;
export type KnownLayer = (query: LayerQuery) => LayerDetail | undefined;

/** Numbers in a text, as typed: `164, 290`. */
export function featureList(text: string): number[] {
	return [...text.matchAll(/\d+/g)].map(([digits]) => Number(digits));
}

export function inputWish({ layer, features, draw, active }: SuperpositionState): InputWish {
	const typed = featureList(features);
	return {
		kind: 'input',
		layer,
		features: typed,
		seed: typed.length > 0 ? 0 : draw,
		active: draw > 0 ? active : 0,
	};
}

export function layerAsks(data: SuperposedData, state: SuperpositionState): LayerQuery[] {
	const { layer } = state;
	const known = data.code?.layers[layer]?.channels !== undefined;
	const spectra = known ? (['W', 'R', 'D'] as const) : (['W', 'D'] as const);
	return [
		inputWish(state),
		{ kind: 'matrices', layer },
		...(state.spectrum
			? spectra.map((which) => ({ kind: 'spectrum', layer, which }) as const)
			: []),
	];
}

/** One question after the other, the quick ones first. */
export function layerQueries(
	data: SuperposedData,
	state: SuperpositionState,
	known: KnownLayer,
): LayerQuery[] {
	const next = layerAsks(data, state).find((query) => !known(query));
	return next ? [next] : [];
}

export async function layerDetail(
	context: ViewContext,
	{ code }: SuperposedData,
	query: LayerQuery,
): Promise<LayerDetail> {
	if (!code) throw new Error('No code stands beside this model.');
	if (query.kind === 'input') return oneInput(context, code, query);
	if (query.kind === 'matrices') return matricesOf(context, code, query.layer);
	const values = await spectrumOf(context, code, query.layer, query.which);
	return { kind: 'spectrum', values };
}
