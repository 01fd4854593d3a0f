import type { AttentionSite } from '../../../extension/protocol/model.ts';
import { counted, significant } from '../../view-api/format.ts';
import { colorLegend } from '../../view-api/legend.ts';
import type { Mark, Scene, Size } from '../../view-api/scene.ts';
import { siteName, type AttentionData } from './compute.ts';
import { headFacts, proofMark } from './facts.ts';
import { headFigures } from './figures.ts';
import { headMatrix } from './matrix.ts';
import { keyName, queryName } from './names.ts';
import { rowProfile } from './profile.ts';
import { remarks } from './remarks.ts';
import { labelOf } from './sequence.ts';
import { headSentence, patternTag } from './sentence.ts';
import { domainOf, scaleLabel } from './shade.ts';
import { shownOf, type Known, type Shown } from './shown.ts';
import { pictureOf, type AttentionState } from './state.ts';
import { headThumbnails } from './thumbnails.ts';

/** Heads of a layer side by side, one large, its numbers and its proof. */
export function layoutAttention(
	data: AttentionData,
	state: AttentionState,
	size: Size,
	known: Known,
): Scene {
	const shown = shownOf(data, state, size, known);
	if (!shown) return unavailable(data, state, size);
	const { geometry, picture, measured, summary, weights } = shown;
	const thumbnails = headThumbnails(shown, geometry.thumbnails, state.head);
	const matrix = headMatrix(shown);
	return {
		title: `${titleOf(shown)}, head ${state.head}: ${weightsOf(picture.site)}`,
		site: picture.site.id,
		description: [headSentence(picture, summary), ...remarks(shown)].join(' '),
		width: size.width,
		height: geometry.height,
		marks: [
			...thumbnails.marks,
			...headings(shown),
			...matrix.marks,
			...rowProfile(shown),
			...colorLegend(
				{
					...geometry.legend,
					label: scaleLabel(shown, weights),
					domain: domainOf(shown, state.head),
					ramp: measured.signed ? 'diverging' : 'sequential',
				},
				size,
			),
			...headFacts(shown),
		],
		targets: [matrix.target, ...(measured.H > 1 ? thumbnails.targets : [])],
		figures: headFigures(shown),
		readout: readout(shown),
	};
}

export function weightsOf({ form, operator }: AttentionSite): string {
	if (form === 'hybrid') {
		const branch = operator === 'softmax' ? 'softmax' : 'state';
		return `weights of the ${branch} branch`;
	}
	return form === 'softmax'
		? 'softmax attention weights'
		: `effective weights of ${form} attention`;
}

function titleOf({ picture: { site } }: Shown): string {
	const name = siteName(site);
	const place = site.path && site.layer !== null ? ` (${site.path})` : '';
	return name.charAt(0).toUpperCase() + name.slice(1) + place;
}

function headings(shown: Shown): Mark[] {
	const { geometry, picture, measured, summary, state, size } = shown;
	const { heading, thumbnails } = geometry;
	const y = heading.y + size.lineHeight / 2;
	const residual = measured.residuals[state.batch * measured.H + state.head]!;
	const proof = proofMark(picture.proof, residual);
	const words = { kind: 'text', size: 'small', bold: true } as const;
	return [
		{
			...words,
			x: thumbnails.x,
			y: thumbnails.y - size.lineHeight,
			text: `${counted(measured.H, 'head')} of ${siteName(picture.site)}`,
			fill: 'text',
			maxWidth: thumbnails.width,
		},
		{
			...words,
			x: heading.x,
			y,
			text: `head ${state.head} · ${patternTag(summary)}`,
			fill: 'text',
			maxWidth: heading.width * 0.5,
		},
		{
			...words,
			x: geometry.matrix.x + geometry.matrix.width,
			y,
			...proof,
			align: 'end',
			maxWidth: heading.width * 0.5,
		},
	];
}

/** The weight under the cursor in words, exact where it is known. */
function readout(shown: Shown): string {
	const { state, measured, row } = shown;
	const { query, key } = state;
	const at = (state.batch * measured.H + state.head) * measured.T + query;
	const named = (word: string, name: string, position: number) =>
		name === String(position) ? `${word} ${position}` : `${word} ${position} (${name})`;
	const largestAt = measured.largestAt[at]!;
	const weight = row?.[key];
	const label = labelOf(shown.data, measured, state.batch, query);
	return [
		`${named('query', queryName(shown, query), query)} → ${named('key', keyName(shown, key), key)}: ` +
			(weight === undefined ? 'computing…' : `weight ${significant(weight)}`),
		`largest of this query ${significant(measured.largest[at]!)} on ${named('key', keyName(shown, largestAt), largestAt)}`,
		`entropy ${significant(measured.entropy[at]!)} nats`,
		...(label >= 0 ? [`expected answer id ${label}`] : []),
	].join(' · ');
}

/** The sentence in place of a picture. */
function unavailable(data: AttentionData, state: AttentionState, size: Size): Scene {
	const picture = pictureOf(data, state);
	const name = picture ? siteName(picture.site) : 'This model';
	const description = picture
		? `${name.charAt(0).toUpperCase() + name.slice(1)} cannot be drawn. ${picture.proof.reason}`
		: 'This model has no attention whose weights can be drawn.';
	return {
		title: 'Attention weights',
		site: state.site,
		description,
		width: size.width,
		height: size.lineHeight * 2,
		marks: [
			{
				kind: 'text',
				x: 0,
				y: size.lineHeight,
				text: 'Nothing to draw here: pick another layer.',
				fill: 'muted',
				maxWidth: size.width,
			},
		],
		targets: [],
		figures: [],
		readout: '',
	};
}
