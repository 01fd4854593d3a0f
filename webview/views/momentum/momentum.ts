import { defineView } from '../../view-api/define-view.ts';
import { computeMomentum, momentumProofs } from './compute.ts';
import { fetchDetail } from './detail.ts';
import { exportMomentum } from './export.ts';
import { momentumFindings } from './finding.ts';
import { layoutMomentum } from './layout.ts';
import { act, controls, focus, momentumQueries, restore, step } from './state.ts';
import { depthTaps, fitsMomentum } from './stream.ts';

export const momentum = defineView({
	id: 'momentum',
	title: 'Momentum',
	fit: fitsMomentum,
	taps: depthTaps,
	compute: computeMomentum,
	queries: (data, state, _size, known) => momentumQueries(data, state, known),
	keep: 160,
	detail: fetchDetail,
	restore,
	focus,
	controls,
	act,
	layout: layoutMomentum,
	proofs: momentumProofs,
	findings: momentumFindings,
	export: exportMomentum,
	step,
});
