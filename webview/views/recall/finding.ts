import type { Mark, Scene, Size } from '../../view-api/scene.ts';
import type { SiteFinding } from '../../view-api/view.ts';
import type { RecallData } from './compute.ts';
import type { Known } from './known.ts';
import { tallyByPairs } from './figures.ts';
import { progressOf } from './progress.ts';
import { lensText, probeSentence, share } from './sentence.ts';
import { isStopped, type RecallState } from './state.ts';
import { chances, type Tally } from './tally.ts';

/** Of the small picture; text sizes as the standard themes have them. */
const CARD: Size = { width: 400, height: 200, characterWidth: 6.7, lineHeight: 16 };

/** What the probe found, told once a model: at its first attention site. Nothing before a query was answered. */
export function recallFindings(data: RecallData, state: RecallState, known: Known): SiteFinding[] {
	const [site] = data.sites;
	const progress = progressOf(data, state, known);
	if (!site || progress.done === 0) return [];
	const description = probeSentence(progress, data.vocabulary, isStopped(state));
	return [
		{
			site: site.id,
			description,
			lens: lensText(progress.cells.map(({ tally }) => tally)),
			entropy: null,
			reach: null,
			proof: null,
			picture: curve(tallyByPairs(progress.cells), data.vocabulary, site.id, description),
		},
	];
}

/** Accuracy by pairs with whiskers, and the guess among the values shown. */
function curve(
	tallies: readonly (Tally & { readonly pairs: number })[],
	vocabulary: number,
	site: string,
	description: string,
): Scene {
	const { width, height, lineHeight } = CARD;
	const [left, right, top, bottom] = [44, width - 24, lineHeight * 2, height - lineHeight * 2];
	const x = (at: number) => left + ((at + 0.5) * (right - left)) / tallies.length;
	const y = (part: number) => bottom - part * (bottom - top);
	const text = (
		words: string,
		at: { x: number; y: number },
		align: 'start' | 'middle' | 'end' = 'middle',
	): Mark =>
		// prettier-ignore
		({ kind: 'text', ...at, text: words, fill: 'muted', size: 'small', align });
	const line = (of: (tally: (typeof tallies)[number]) => number) =>
		tallies.map((tally, at) => [x(at), y(of(tally))] as const);
	return {
		title: 'Recall by number of pairs',
		site,
		description,
		width,
		height,
		marks: [
			text(
				'share of queries right, by pairs in the sequence',
				{ x: 4, y: lineHeight / 2 },
				'start',
			),
			...[0, 0.5, 1].flatMap((part): Mark[] => [
				{ kind: 'line', points: [[left, y(part)], [right, y(part)]], stroke: 'faint', width: 1 }, // prettier-ignore
				text(String(part), { x: left - 6, y: y(part) }, 'end'),
			]),
			{ kind: 'line', points: line(({ pairs }) => chances(vocabulary, pairs).shown), stroke: 'warning', width: 1.5, dash: [4, 3] }, // prettier-ignore
			{ kind: 'line', points: line(({ accuracy }) => accuracy), stroke: { series: 0 }, width: 2 },
			...tallies.flatMap(({ pairs, accuracy, low, high }, at): Mark[] => [
				{ kind: 'line', points: [[x(at), y(low)], [x(at), y(high)]], stroke: { series: 0 }, width: 1.5 }, // prettier-ignore
				{ kind: 'dots', xy: Float32Array.of(x(at), y(accuracy)), radius: 3, fill: { series: 0 } },
				text(`${pairs}`, { x: x(at), y: bottom + lineHeight / 2 + 2 }),
				text(share(accuracy), { x: x(at), y: bottom + lineHeight * 1.4 + 2 }),
			]),
		],
		targets: [],
		figures: [],
		readout: '',
	};
}
