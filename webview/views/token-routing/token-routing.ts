import { defineView } from '../../view-api/define-view.ts';
import type { ViewDefinition } from '../../view-api/view.ts';
import { computeRouting, type RoutingData } from './compute.ts';
import { fetchDetail, type RoutingDetail, type RoutingQuery } from './detail.ts';
import { exportRouting } from './export.ts';
import { routingFindings } from './finding.ts';
import { layoutRouting } from './layout.ts';
import { exportPlain, plainFindings } from './plain-finding.ts';
import { layoutPlain } from './plain-layout.ts';
import { computePlain, plainSites, plainTaps, type PlainData } from './plain-sites.ts';
import {
	actPlain,
	fetchPlain,
	focusPlain,
	plainControls,
	plainQueries,
	restorePlain,
	type PlainDetail,
	type PlainQuery,
	type PlainState,
} from './plain-state.ts';
import { routedLayers, routingTaps } from './sites.ts';
import { act, controls, focus, restore, routingQueries, type RoutingState } from './state.ts';

/** What depends on whether the model routes. */
type Half<Data, State extends object, Query, Detail> = Omit<
	ViewDefinition<Data, State, Query, Detail>,
	'id' | 'title' | 'fit' | 'taps' | 'compute' | 'keep' | 'findsMore' | 'step'
>;

const routed: Half<RoutingData, RoutingState, RoutingQuery, RoutingDetail> = {
	queries: routingQueries,
	detail: fetchDetail,
	restore,
	focus,
	controls,
	act,
	layout: layoutRouting,
	proofs: ({ layers, failed }) => [...layers.flatMap(({ proofs }) => proofs), ...failed],
	findings: routingFindings,
	export: exportRouting,
};

const plain: Half<PlainData, PlainState, PlainQuery, PlainDetail> = {
	queries: plainQueries,
	detail: fetchPlain,
	restore: restorePlain,
	focus: focusPlain,
	controls: plainControls,
	act: actPlain,
	layout: layoutPlain,
	proofs: ({ sites, failed }) => [...sites.map(({ proof }) => proof), ...failed],
	findings: plainFindings,
	export: exportPlain,
};

type Data = RoutingData | PlainData;
/** Each half only ever meets its own data, and the states, queries and answers that it made from them. */
type AnyHalf = Half<Data, object, unknown, unknown>;
const halfOf = ({ kind }: Data) => (kind === 'routed' ? routed : plain) as unknown as AnyHalf;

export const tokenRouting = defineView<Data, object, unknown, unknown>({
	id: 'token-routing',
	title: 'Token routing',
	fit: (model) =>
		routedLayers(model.sites).length > 0
			? { fits: true, first: true }
			: plainSites(model).length > 0
				? { fits: true }
				: {
						fits: false,
						reason:
							'No layer of this model chooses between softmax attention and a state, and none is softmax attention or a memory by itself.',
					},
	taps: (model) =>
		routedLayers(model.sites).length > 0 ? routingTaps(model.sites) : plainTaps(model),
	compute: (context) =>
		routedLayers(context.model.sites).length > 0 ? computeRouting(context) : computePlain(context),
	keep: 512,
	findsMore: true,
	queries: (data, state, size, known) => halfOf(data).queries(data, state, size, known),
	detail: (context, data, query) => halfOf(data).detail(context, data, query),
	restore: (data, saved) => halfOf(data).restore(data, saved),
	focus: (data, state, site) => halfOf(data).focus(data, state, site),
	controls: (data, state, known) => halfOf(data).controls(data, state, known),
	act: (data, state, event, known) => halfOf(data).act(data, state, event, known),
	layout: (data, state, size, known) => halfOf(data).layout(data, state, size, known),
	proofs: (data) => halfOf(data).proofs(data),
	findings: (data, state, known) => halfOf(data).findings(data, state, known),
	export: (data, state, known) => halfOf(data).export(data, state, known),
});
