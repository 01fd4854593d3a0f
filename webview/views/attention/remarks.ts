import { counted, significant } from '../../view-api/format.ts';
import type { Mark } from '../../view-api/scene.ts';
import type { MeasuredSite } from './compute.ts';
import type { Box } from './geometry.ts';
import { ofHead } from './sequence.ts';
import type { Shown } from './shown.ts';

type Remarked = Pick<Shown, 'picture' | 'measured' | 'state'>;

/** What a head's picture does not show, in sentences: rows of padding, a sink, and a state from before. */
export function remarks({ picture, measured, state }: Remarked): string[] {
	const { initial, sink, mixing } = picture.site.tensors;
	const padded = measured.T - tokensOf(measured, state.batch);
	const left =
		'their rows are greyed, and the proof leaves them out, since their output means nothing';
	return [
		...(padded > 0
			? [`The last ${counted(padded, 'query', 'queries')} of this sequence are padding: ${left}.`]
			: []),
		...(mixing
			? [
					'These weights are the graph’s own, read where they meet the values: a softmax of q·k is not all they are.',
				]
			: []),
		...(sink
			? [
					`On average ${significant(sinkShare(measured, state))} of a query’s weight goes to a sink.`,
				]
			: []),
		...(initial
			? [
					'What the state before the first token adds to each answer is no weight here; the proof counts it.',
				]
			: []),
	];
}

/** Queries of a sequence that are no padding. */
export function tokensOf({ queries, T }: MeasuredSite, batch: number): number {
	return queries?.[batch] ?? T;
}

function sinkShare(measured: MeasuredSite, { batch, head }: Shown['state']): number {
	const mass = ofHead(measured.mass, measured, batch, head);
	const count = tokensOf(measured, batch);
	return 1 - mass.subarray(0, count).reduce((sum, each) => sum + each, 0) / Math.max(1, count);
}

/** Rows of padding over a picture of the queries `[from, to)`. */
export function greyed(
	measured: MeasuredSite,
	batch: number,
	[from, to]: readonly [number, number],
	{ x, y, width, height }: Box,
): Mark[] {
	const first = Math.max(from, tokensOf(measured, batch));
	if (first >= to) return [];
	const row = height / (to - from);
	const rows = { x, y: y + (first - from) * row, width, height: (to - first) * row };
	return [{ kind: 'rect', ...rows, fill: 'muted', opacity: 0.6, hatch: true }];
}
