import { defineView } from '../../view-api/define-view.ts';
import { computeTensors } from './compute.ts';
import { controls } from './controls.ts';
import { fetchDetail } from './detail.ts';
import { exportTensors } from './export.ts';
import { layoutTensors } from './layout.ts';
import { KEPT, tensorsQueries } from './queries.ts';
import { act, focus, restore } from './state.ts';

export const tensors = defineView({
	id: 'tensors',
	title: 'Tensors',
	fit: ({ nodes }) =>
		nodes > 0
			? { fits: true }
			: { fits: false, reason: 'The graph has no nodes, so there is no tensor to read.' },
	taps: () => [],
	compute: computeTensors,
	queries: (data, state, _size, known) => tensorsQueries(data, state, known),
	keep: KEPT,
	detail: fetchDetail,
	restore,
	focus,
	controls,
	act,
	layout: layoutTensors,
	proofs: () => [],
	findings: () => [],
	export: exportTensors,
});
