import { defineView } from '../../view-api/define-view.ts';
import { computeSuperposition } from './data.ts';
import { findings } from './finding.ts';
import { act, controls, detail, exportPart, layout, queries } from './parts.ts';
import { focus, restore } from './state.ts';

export const superposition = defineView({
	id: 'superposition',
	title: 'Superposition',
	fit: ({ sites, linears }) =>
		linears.length > 0 || sites.some(({ form }) => form === 'superposed')
			? { fits: true }
			: {
					fits: false,
					reason:
						'This model has no weight matrix and no shared attention: nothing is packed in it.',
				},
	taps: () => [],
	compute: computeSuperposition,
	queries: (data, state, _size, known) => queries(data, state, known),
	// every batch of a phase diagram is an answer of its own
	keep: 1024,
	detail,
	restore,
	focus,
	controls,
	act,
	layout,
	proofs: ({ proofs }) => proofs,
	findings,
	export: exportPart,
});
