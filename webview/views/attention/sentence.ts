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
export function headSentence({ site }: SitePicture, summary: HeadSummary): string {
	return `${capital(siteName(site))} head ${summary.head} ${headFinding(summary)}.`;
}

function headFinding(summary: HeadSummary): string {
	const { largest, back, evenness, pattern } = summary;
	if (pattern === 'even') {
		return `spreads its weight almost evenly: its entropy is ${percent(evenness)} of the largest possible`;
	}
	const where = `puts ${significant(largest)} of a query's weight on its largest key on average, ${distance(back)}`;
	return `${where}; ${patternFinding(summary)}`;
}

function distance(back: number): string {
	const rounded = Number(back.toPrecision(3));
	if (rounded === 0) return 'its own token';
	const side = rounded > 0 ? 'back' : 'ahead';
	return `${significant(Math.abs(rounded))} ${Math.abs(rounded) === 1 ? 'token' : 'tokens'} ${side}`;
}

function patternFinding({ pattern, hits, eligible, weight, offset, entropy }: HeadSummary): string {
	const share = `${hits} of ${counted(eligible, 'query').replace('querys', 'queries')}`;
	const took = `with ${significant(weight)} of the weight`;
	switch (pattern) {
		case 'induction':
			return `it is induction-like: ${share} whose token stood before read the token after that copy, ${took}`;
		case 'copy':
			return `${share} whose token stood before read that copy, ${took}`;
		case 'previous':
			return `it is a previous-token head: ${share} read the token just before them, ${took}`;
		case 'self':
			return `${share} read their own token, ${took}`;
		case 'first':
			return `${share} put it on the first token, ${took}`;
		case 'offset':
			return `${share} read exactly ${offset} tokens back, ${took}`;
		case 'even':
		case 'mixed':
			return `no single pattern holds for most queries; mean entropy ${significant(entropy)} nats`;
	}
}

/** The finding of a whole site, for where there is room for one line. */
export function siteSentence(picture: SitePicture, heads: readonly HeadSummary[]): string {
	const name = capital(siteName(picture.site));
	const [only] = heads;
	if (heads.length === 1 && only) return headSentence(picture, only);
	if (heads.length <= 3) {
		const each = heads.map(
			(head) =>
				`head ${head.head} ${patternTag(head)} (largest weight ${significant(head.largest)})`,
		);
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

function capital(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}
