import { percent } from '../../view-api/format.ts';
import type { Scene } from '../../view-api/scene.ts';
import type { DataExport, SiteFinding } from '../../view-api/view.ts';
import { CARD } from './finding.ts';
import { FORMS, NORMALISED } from './linear-forms.ts';
import { keptShare, overlapSentence, plainSentence, swapFinding } from './plain-sentence.ts';
import type { PlainData, PlainSite } from './plain-sites.ts';
import { curveForm, mustStay, type PlainKnown, type PlainState } from './plain-state.ts';
import type { Swap } from './swap.ts';
import { routeTrack } from './track.ts';

/** A site each that has been measured; the others wait for theirs. */
export function plainFindings(
	data: PlainData,
	state: PlainState,
	known: PlainKnown,
): SiteFinding[] {
	return data.sites.flatMap((plain): SiteFinding[] => {
		const measured = known({ kind: 'measure', site: plain.site.id });
		const shared = { site: plain.site.id, entropy: null, reach: null, proof: plain.proof };
		if (measured?.kind === 'swap') {
			const description = swapFinding(plain, measured, state);
			const digits = mustStay(plain, measured, state);
			const lens = `${percent(keptShare(digits))} must stay softmax for ${state.error} % error`;
			return [{ ...shared, description, lens, picture: card(plain, digits, description) }];
		}
		if (measured?.kind !== 'overlap') return [];
		const description = overlapSentence(plain, measured);
		const mean = measured.overlap.reduce((sum, x) => sum + x, 0) / measured.overlap.length;
		const picture = card(plain, undefined, description);
		return [{ ...shared, description, lens: `${percent(mean)} read as softmax would`, picture }];
	});
}

function card(
	{ name, H, N, site }: PlainSite,
	digits: number[] | undefined,
	description: string,
): Scene {
	const box = { x: 48, y: CARD.lineHeight, width: CARD.width - 96, row: Math.min(18, 200 / H) };
	const margin = new Float32Array(H * N).fill(NaN);
	const track = digits
		? routeTrack(
				[{ name, H, N, kept: digits, margin, chosen: -1, outlines: [], label: '' }],
				box,
				CARD,
			)
		: { marks: [], height: 0 };
	return {
		title: `Chunks of ${name} that must stay softmax, by head`,
		site: site.id,
		description,
		width: CARD.width,
		height: Math.ceil(CARD.lineHeight + track.height),
		marks: track.marks,
		targets: [],
		figures: [],
		readout: '',
	};
}

/** Every head's error under every form and what must stay; or what memories share with softmax. */
export function exportPlain(data: PlainData, state: PlainState, known: PlainKnown): DataExport {
	const sites = data.sites.map((plain) => {
		const measured = known({ kind: 'measure', site: plain.site.id });
		const { name, kind, C, proof, site } = plain;
		const shared = { site: site.id, name, kind, chunk: C, proof };
		if (measured?.kind === 'swap') {
			return { ...shared, rows: measured.rows, heads: heads(plain, measured, state) };
		}
		if (measured?.kind !== 'overlap') return shared;
		return { ...shared, overlap: measured.overlap, negative: measured.negative };
	});
	const lines = sites.flatMap((each) =>
		'heads' in each
			? each.heads.map(({ head, errors, mustStay: kept }) =>
					[each.name, head, ...FORMS.map((form) => errors[form] ?? ''), keptShare(kept)].join(','),
				)
			: 'overlap' in each
				? each.overlap.map((overlap, head) => [each.name, head, ...FORMS.map(() => ''), '', overlap].join(',')) // prettier-ignore
				: [],
	);
	return {
		csv: `layer,head,${FORMS.map((form) => `${form}_error`).join(',')},must_stay_softmax,shared_with_softmax\n${lines.join('\n')}\n`,
		json: {
			description: plainSentence(data, state, known),
			form: state.form,
			errorAllowed: state.error / 100,
			sites,
			notRead: data.failed,
		},
	};
}

function heads(plain: PlainSite, swap: Swap, state: PlainState) {
	const digits = mustStay(plain, swap, state);
	const curve = NORMALISED.indexOf(curveForm(state.form));
	return swap.errors.map((errors, head) => ({
		head,
		errors: Object.fromEntries(FORMS.map((form, at) => [form, errors[at] ?? null])),
		mustStay: digits.slice(head * plain.N, (head + 1) * plain.N),
		curve: swap.curves[head]![curve]!,
	}));
}
