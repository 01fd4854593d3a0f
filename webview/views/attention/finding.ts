import type { Scene, Size } from '../../view-api/scene.ts';
import type { SiteFinding } from '../../view-api/view.ts';
import { siteName, type AttentionData, type MeasuredSite, type SitePicture } from './compute.ts';
import { proofMark } from './facts.ts';
import { gridOf } from './geometry.ts';
import type { HeadSummary } from './patterns.ts';
import { siteSentence } from './sentence.ts';
import { headSummaries } from './shown.ts';
import { NOWHERE } from './state.ts';
import { headThumbnails } from './thumbnails.ts';

/** Of the small picture; text sizes as the standard themes have them. */
const CARD: Size = { width: 400, height: 240, characterWidth: 6.7, lineHeight: 16 };
const MOST_HEADS = 12;

const nothing = { lens: '', entropy: null, reach: null };

/** The numbers and the small picture of every site that was tried. */
export function attentionFindings(data: AttentionData): SiteFinding[] {
	return data.sites.map((picture) => {
		const { site, proof, measured } = picture;
		if (!measured) {
			const description = `${siteName(site)} cannot be drawn. ${proof.reason}`;
			const empty = card(site.id, description, [], CARD.lineHeight);
			return { ...nothing, site: site.id, description, proof, picture: empty };
		}
		const heads = headSummaries(data, picture, measured, 0);
		const mean = (value: (head: HeadSummary) => number) =>
			heads.reduce((sum, head) => sum + value(head), 0) / heads.length;
		return {
			site: site.id,
			description: siteSentence(picture, heads),
			lens: '',
			entropy: mean(({ entropy }) => entropy),
			reach: mean(({ reach }) => reach),
			proof,
			picture: headsCard(picture, measured, heads),
		};
	});
}

function headsCard(
	picture: SitePicture,
	measured: MeasuredSite,
	all: readonly HeadSummary[],
): Scene {
	const heads = all.slice(0, MOST_HEADS);
	const grid = gridOf(0, CARD.lineHeight * 1.6, CARD.width, heads.length, CARD.lineHeight);
	const shown = { picture, measured, heads, state: NOWHERE, size: CARD };
	const words = { kind: 'text', y: CARD.lineHeight / 2, size: 'small', bold: true } as const;
	const more = all.length - heads.length;
	const title =
		`${siteName(picture.site)} · ${all.length} ${all.length === 1 ? 'head' : 'heads'}` +
		(more > 0 ? `, the first ${heads.length}` : '');
	return card(
		picture.site.id,
		siteSentence(picture, all),
		[
			{ ...words, x: 0, text: title, fill: 'text' },
			{
				...words,
				x: CARD.width,
				...proofMark(picture.proof, picture.proof.residual ?? NaN),
				align: 'end',
			},
			...headThumbnails(shown, grid, undefined).marks,
		],
		grid.y + grid.height,
	);
}

function card(site: string, description: string, marks: Scene['marks'], height: number): Scene {
	return {
		title: 'Attention weights by head, query down, key across',
		site,
		description,
		width: CARD.width,
		height: Math.ceil(height),
		marks,
		targets: [],
		figures: [],
		readout: '',
	};
}
