import { defineView } from '../../view-api/define-view.ts';
import { attentionTaps, canOpen } from '../../view-api/attention-taps.ts';
import { computeAttention } from './compute.ts';
import { fetchWeights } from './detail.ts';
import { exportAttention } from './export.ts';
import { attentionFindings } from './finding.ts';
import { layoutAttention } from './layout.ts';
import { weightQueries } from './shown.ts';
import { askOperators } from './own-probabilities.ts';
import { act, controls, focus, restore } from './state.ts';

export const attention = defineView({
	id: 'attention',
	title: 'Attention',
	fit: ({ sites }) => {
		if (sites.some(canOpen)) return { fits: true };
		if (sites.length === 0) {
			return { fits: false, reason: 'No attention was found in this model’s graph.' };
		}
		const forms = [...new Set(sites.map(({ form }) => form))].join(', ');
		return {
			fits: false,
			reason: `This model mixes tokens by ${forms}, of which no matrix can be drawn here.`,
		};
	},
	taps: ({ sites }) => [...new Set(sites.flatMap(attentionTaps))],
	compute: async (context) => {
		const data = await computeAttention(context);
		return { ...data, sites: await askOperators(context, data.sites) };
	},
	queries: weightQueries,
	detail: fetchWeights,
	restore,
	focus,
	controls,
	act,
	layout: layoutAttention,
	proofs: ({ sites }) => sites.map(({ proof }) => proof),
	findings: attentionFindings,
	export: exportAttention,
});
