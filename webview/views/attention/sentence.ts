import { counted, percent, significant } from '../../view-api/format.ts';
import { siteName, type SitePicture } from './compute.ts';
import type { HeadSummary, Pattern } from './patterns.ts';

/** A word or two for under a small picture. */
export function patternTag({ pattern, offset }: HeadSummary): string {
	const tags: Record<Pattern, string> = {
		induction: 'induction-like',
		copy: 'earlier copy',
		previous: 'previous token',
		self: 'own token',
		first: 'first token',
		offset: `${offset} back`,
		even: 'even',
		mixed: 'mixed',
	};
	return tags[pattern];
}

/** The finding of one head in one sentence, every figure measured. */
export function headSentence(picture: SitePicture, summary: HeadSummary): string {
	const { site, measured } = picture;
	const head = `${siteName(site)} head ${summary.head}`;
	const found = () => `${capital(head)} ${headFinding(summary, measured?.signed === true)}.`;
	return nothingToSay(picture, head) ?? found();
}

/** Figures of weights that are no numbers would be none either. */
const nothingToSay = ({ proof }: SitePicture, name: string): string | null =>
	proof.residual === null ? `Of ${name} nothing can be said. ${proof.reason}` : null;

/** Weights of both signs do not sum to 1: shares are of their sizes. */
const weightOf = (signed: boolean) =>
	signed ? "the size of a query's weights" : "a query's weight";

function headFinding(summary: HeadSummary, signed: boolean): string {
	const { largest, back, evenness, pattern, expected } = summary;
	if (pattern === 'even') {
		return `spreads its weight almost evenly: its entropy is ${percent(evenness)} of the largest possible`;
	}
	const asked =
		expected.queries > 0
			? ` (${significant(expected.largest)} in the ${counted(expected.queries, 'query', 'queries')} with an expected answer)`
			: '';
	return (
		`puts on average ${significant(largest)} of ${weightOf(signed)} on one key, ${distance(back)}${asked}; ` +
		patternFinding(summary)
	);
}

function distance(back: number): string {
	const rounded = Number(back.toPrecision(3));
	if (rounded === 0) return 'its own';
	const side = rounded > 0 ? 'back' : 'ahead';
	return `${significant(Math.abs(rounded))} ${Math.abs(rounded) === 1 ? 'token' : 'tokens'} ${side}`;
}

function patternFinding({ pattern, hits, eligible, weight, offset, entropy }: HeadSummary): string {
	const held = hits.toLocaleString('en-US');
	const queries = `${held} of ${counted(eligible, 'query', 'queries')}`;
	const repeated = `${held} of the ${counted(eligible, 'query', 'queries')} whose token stood before`;
	const part = `(${significant(weight)} of their weight)`;
	switch (pattern) {
		case 'induction':
			return `it is induction-like: ${repeated} read the token after it ${part}`;
		case 'copy':
			return `${repeated} read that earlier copy ${part}`;
		case 'previous':
			return `it is a previous-token head: for ${queries} that key is the token before ${part}`;
		case 'self':
			return `for ${queries} that key is their own token ${part}`;
		case 'first':
			return `for ${queries} that key is the first token ${part}`;
		case 'offset':
			return `for ${queries} that key is exactly ${offset} tokens back ${part}`;
		case 'even':
		case 'mixed':
			return `no one pattern holds for most queries, whose entropy is ${significant(entropy)} nats on average`;
	}
}

/** The finding of a whole site, for where there is room for one line. */
export function siteSentence(picture: SitePicture, heads: readonly HeadSummary[]): string {
	const name = capital(siteName(picture.site));
	const nothing = nothingToSay(picture, siteName(picture.site));
	if (nothing !== null) return nothing;
	const [only] = heads;
	if (heads.length === 1 && only) return headSentence(picture, only);
	if (heads.length <= 3) {
		const each = heads.map((head) => `head ${head.head} ${patternTag(head)}, ${sharpness(head)}`);
		return `${name}: ${each.join('; ')}.`;
	}
	const byTag = new Map<string, number[]>();
	for (const head of heads) {
		const tag = patternTag(head);
		byTag.set(tag, [...(byTag.get(tag) ?? []), head.head]);
	}
	const groups = [...byTag]
		.sort((one, other) => other[1].length - one[1].length)
		.map(([tag, members]) => `${members.length} ${tag} (${members.join(', ')})`);
	return `${name}, ${heads.length} heads: ${groups.join('; ')}.`;
}

function sharpness({ pattern, eligible, hits, weight, entropy }: HeadSummary): string {
	if (pattern === 'even' || pattern === 'mixed') return `entropy ${significant(entropy)} nats`;
	return `${hits.toLocaleString('en-US')} of ${counted(eligible, 'query', 'queries')} with ${significant(weight)} of the weight`;
}

function capital(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}
