import { defineView } from '../../view-api/define-view.ts';
import { computeRecall } from './compute.ts';
import { fetchDetail, recallQueries } from './detail.ts';
import { exportRecall } from './export.ts';
import { recallFindings } from './finding.ts';
import { layoutRecall } from './layout.ts';
import { act, controls, focus } from './controls.ts';
import { restore } from './state.ts';
import { fitsRecall } from './token-model.ts';

export const recall = defineView({
	id: 'recall',
	title: 'Recall',
	fit: fitsRecall,
	// logits are an output, which every run reads
	taps: () => [],
	compute: computeRecall,
	queries: recallQueries,
	// every batch of a probe stays, however many queries were chosen since
	keep: 1024,
	detail: fetchDetail,
	restore,
	focus,
	controls,
	act,
	layout: layoutRecall,
	proofs: () => [],
	findings: recallFindings,
	findsMore: true,
	export: exportRecall,
});
