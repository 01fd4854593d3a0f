import { percent } from '../../view-api/format.ts';
import { FORMS, formNames } from './linear-forms.ts';
import type { PlainData, PlainSite } from './plain-sites.ts';
import {
	curveForm,
	mustStay,
	sitesOf,
	swapsOf,
	type PlainKnown,
	type PlainState,
} from './plain-state.ts';
import type { Overlap } from './reading.ts';
import type { Swap } from './swap.ts';

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

export const keptShare = (digits: readonly number[]): number => mean(digits);

/** Which heads could go linear, and what must stay; or what memories read beside softmax. */
export function plainSentence(data: PlainData, state: PlainState, known: PlainKnown): string {
	const swaps = swapsOf(data, known);
	const parts = [
		...(swaps.length > 0 ? [swapSentence(swaps, state)] : []),
		...memorySentences(data, known),
	];
	if (parts.length > 0) return parts.join(' ');
	return sitesOf(data, 'softmax').length > 0
		? 'Nothing is routed here. Measuring which heads could go linear…'
		: 'Nothing is routed here. Holding the memories against softmax…';
}

function swapSentence(
	swaps: readonly { readonly plain: PlainSite; readonly swap: Swap }[],
	state: PlainState,
): string {
	const heads = swaps.flatMap(({ plain, swap }) => {
		const digits = mustStay(plain, swap, state);
		return swap.errors.map((errors, h) => ({
			name: `${plain.name} head ${h}`,
			error: errors[FORMS.indexOf(state.form)] ?? null,
			kept: keptShare(digits.slice(h * plain.N, (h + 1) * plain.N)),
		}));
	});
	const form = formNames[state.form];
	const could = heads.filter(({ error }) => error !== null && error <= state.error / 100);
	const measured = heads.filter(({ error }) => error !== null);
	const easiest = measured.reduce<(typeof heads)[number] | undefined>(
		(best, each) => (!best || each.error! < best.error! ? each : best),
		undefined,
	);
	const first = easiest
		? `With ${form} in softmax’s place, ${could.length} of ${heads.length} heads stay within ${state.error} % of their own output; ${easiest.name} comes nearest, off by ${percent(easiest.error!)}.`
		: `The ${form} needs an order of tokens, and these heads see both ways.`;
	const kept = heads.map((each) => each.kept);
	const mixed = state.form === 'delta' ? ` (${formNames[curveForm(state.form)]} for the rest)` : '';
	return `${first} To keep every head within ${state.error} %, ${percent(mean(kept))} of the chunks must stay softmax${mixed}, from ${percent(Math.min(...kept))} to ${percent(Math.max(...kept))} a head.`;
}

function memorySentences(data: PlainData, known: PlainKnown): string[] {
	return sitesOf(data, 'memory').flatMap((plain) => {
		const overlap = known({ kind: 'measure', site: plain.site.id });
		return overlap?.kind === 'overlap' ? [overlapSentence(plain, overlap)] : [];
	});
}

export function overlapSentence({ name, site }: PlainSite, { overlap, negative }: Overlap): string {
	const below = mean(negative);
	const signed = below > 0 ? `, and ${percent(below)} is negative, which softmax never is` : '';
	return `${capital(name)} is a memory (${site.form}) already: ${percent(mean(overlap))} of its weight lies where softmax on the same q and k would put it${signed}.`;
}

export function swapFinding(plain: PlainSite, swap: Swap, state: PlainState): string {
	const share = keptShare(mustStay(plain, swap, state));
	const error = Math.min(
		...swap.errors.flatMap((errors) => errors[FORMS.indexOf(curveForm(state.form))] ?? []),
	);
	return `${capital(plain.name)}: ${percent(share)} of its chunks must stay softmax for ${state.error} % error with ${formNames[curveForm(state.form)]} elsewhere; all linear, its best head is off by ${percent(error)}.`;
}
