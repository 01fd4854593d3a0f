import { defineView } from '../../view-api/define-view.ts';
import { computeRouting } from './compute.ts';
import { fetchDetail } from './detail.ts';
import { exportRouting } from './export.ts';
import { routingFindings } from './finding.ts';
import { layoutRouting } from './layout.ts';
import { routedLayers, routingTaps } from './sites.ts';
import { act, controls, focus, restore, routingQueries } from './state.ts';

export const tokenRouting = defineView({
	id: 'token-routing',
	title: 'Token routing',
	fit: ({ sites }) =>
		routedLayers(sites).length > 0
			? { fits: true }
			: {
					fits: false,
					reason:
						'No layer of this model chooses between softmax attention and a state: nothing is routed.',
				},
	taps: ({ sites }) => routingTaps(sites),
	compute: computeRouting,
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
});
