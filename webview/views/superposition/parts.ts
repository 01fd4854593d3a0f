import type { Scene, Size } from '../../view-api/scene.ts';
import type { Control, DataExport, SceneEvent, ViewContext } from '../../view-api/view.ts';
import { accuracyOf } from './channels/accuracy.ts';
import { cellDetail, gridDetail } from './channels/channel-queries.ts';
import {
	channelControls,
	channelExport,
	channelQueries,
	channelScene,
	type ChannelDetail,
	type ChannelQuery,
	type KnownChannels,
} from './channels/channel-scene.ts';
import { gridOf } from './channels/grid.ts';
import type { SuperposedData } from './data.ts';
import {
	layerDetail,
	layerQueries,
	type KnownLayer,
	type LayerDetail,
	type LayerQuery,
} from './layer/layer-queries.ts';
import {
	dictionaryControls,
	dictionaryExport,
	dictionaryQueries,
	dictionaryScene,
	type DictionaryDetail,
	type DictionaryQuery,
	type KnownApart,
} from './dictionary/dictionary-scene.ts';
import { pickFile, takeApart } from './dictionary/take-apart.ts';
import { layerControls, layerExport, layerScene } from './layer/layer-scene.ts';
import { phaseControls, phaseExport, phaseScene } from './phase/phase-scene.ts';
import {
	runBatch,
	trialQueries,
	type KnownTrials,
	type TrialDetail,
	type TrialQuery,
} from './phase/trials.ts';
import { partsOf, restore, type Part, type SuperpositionState } from './state.ts';

export type Query = LayerQuery | TrialQuery | ChannelQuery | DictionaryQuery;
export type Detail = LayerDetail | TrialDetail | ChannelDetail | DictionaryDetail;
export type Known = (query: Query) => Detail | undefined;

/** An answer is of its question's part: the two are kept by the same key. */
const ofLayer = (known: Known) => known as KnownLayer;
const ofChannels = (known: Known) => known as KnownChannels;
const ofDictionary = (known: Known) => known as KnownApart;
const ofPhase = (known: Known) => known as KnownTrials;

export function queries(
	data: SuperposedData,
	state: SuperpositionState,
	known: Known,
): readonly Query[] {
	switch (state.part) {
		case 'layer':
			return layerQueries(data, state, ofLayer(known));
		case 'phase':
			return trialQueries(state, ofPhase(known));
		case 'channels':
			return channelQueries(data, state, ofChannels(known));
		case 'dictionary':
			return dictionaryQueries(data, state, ofDictionary(known));
	}
}

export async function detail(
	context: ViewContext,
	data: SuperposedData,
	query: Query,
): Promise<Detail> {
	switch (query.kind) {
		case 'trials':
			return runBatch(context, query);
		case 'apart':
			return takeApart(context, data, query);
		case 'pick':
			return pickFile(context);
		case 'grid':
		case 'cell':
		case 'accuracy':
			return channelDetail(context, data, query);
		case 'input':
		case 'matrices':
		case 'spectrum':
			return layerDetail(context, data, query);
	}
}

function channelDetail(
	context: ViewContext,
	{ attention, sequences }: SuperposedData,
	query: ChannelQuery,
): Promise<ChannelDetail> {
	const site = attention.find(({ id }) => id === query.site);
	if (!site) throw new Error(`The run has no shared layer ${query.site}.`);
	if (query.kind === 'grid') return gridDetail(context, attention, site, query);
	if (query.kind === 'cell') return cellDetail(context, attention, site, query);
	if (!sequences) throw new Error('No stored sequences stand beside this model.');
	return accuracyOf(context, sequences, site, query);
}

const partNames: Readonly<Record<Part, string>> = {
	channels: 'Inputs in one pass',
	layer: 'Decompressed layer',
	dictionary: 'Features of a tensor',
	phase: 'Phase diagram',
};

export function controls(
	data: SuperposedData,
	state: SuperpositionState,
	known: Known,
): Control<keyof SuperpositionState>[] {
	const options = partsOf(data).map((part) => ({ value: part, label: partNames[part] }));
	const part = { kind: 'choice', field: 'part', label: 'Show', options } as const;
	return [...(options.length > 1 ? [part] : []), ...ownControls(data, state, known)];
}

function ownControls(data: SuperposedData, state: SuperpositionState, known: Known) {
	switch (state.part) {
		case 'layer':
			return layerControls(data, state);
		case 'phase':
			return phaseControls(state);
		case 'channels':
			return channelControls(data, state);
		case 'dictionary':
			return dictionaryControls(data, state, ofDictionary(known));
	}
}

/** A file that could not be read is said under the picture, whatever the picture is of. */
export function layout(
	data: SuperposedData,
	state: SuperpositionState,
	size: Size,
	known: Known,
): Scene {
	const scene = partScene(data, state, size, known);
	if (data.trouble === '') return scene;
	const words = `A file beside the model could not be read: ${data.trouble}`;
	return { ...scene, readout: [scene.readout, words].filter((part) => part !== '').join(' · ') };
}

function partScene(
	data: SuperposedData,
	state: SuperpositionState,
	size: Size,
	known: Known,
): Scene {
	switch (state.part) {
		case 'layer':
			return layerScene(data, state, size, ofLayer(known));
		case 'channels':
			return channelScene(data, state, size, ofChannels(known));
		case 'dictionary':
			return dictionaryScene(data, state, size, ofDictionary(known));
		case 'phase':
			return phaseScene(state, size, ofPhase(known));
	}
}

export function exportPart(
	data: SuperposedData,
	state: SuperpositionState,
	known: Known,
): DataExport {
	switch (state.part) {
		case 'layer':
			return layerExport(data, state, ofLayer(known));
		case 'channels':
			return channelExport(data, state, ofChannels(known));
		case 'dictionary':
			return dictionaryExport(data, state, ofDictionary(known));
		case 'phase':
			return phaseExport(state, ofPhase(known));
	}
}

export function act(
	data: SuperposedData,
	state: SuperpositionState,
	{ kind, target, row, column }: SceneEvent,
): SuperpositionState {
	if (kind === 'leave') return { ...state, target: '', row: -1, column: -1 };
	const pointed = { ...state, target, row, column };
	if (kind === 'point') return pointed;
	const { columns } = gridOf(state.grid);
	if (target === 'answers') return restore(data, { ...pointed, cell: row * columns + column });
	if (target === 'values' || target === 'unbound' || target === 'gram') {
		return restore(data, { ...pointed, cell: row });
	}
	if (target === 'together' || target === 'alone') {
		return restore(data, { ...pointed, query: row, key: column });
	}
	return pointed;
}
