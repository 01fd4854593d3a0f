import { significant } from '../../../view-api/format.ts';
import { tokenName } from '../rows.ts';
import { share } from '../sentence.ts';
import type { Cause } from './cause.ts';
import type { HeadEvidence } from './evidence.ts';
import { repairWords } from './repairs.ts';
import type { SiteEvidence, WhyDetail } from './why.ts';

/** Why the query was answered so, in one or two sentences, every number measured. */
export function whySentence(why: WhyDetail, vocabulary: number): string {
	const { query, said, cause } = why;
	const name = (token: number) => tokenName(token, vocabulary);
	const asks = `Key ${name(query.key)} at token ${query.queryAt} asks for ${name(query.value)}, written at token ${query.valueAt}`;
	if (!cause) return `${asks}, and the model answers it. ${pathSentence(why)}`;
	const proof = cause.verified
		? ` Verified: with ${cause.repair === 'selected' ? 'the query selected' : repairWords[cause.repair as keyof typeof repairWords]}, the answer is ${name(query.value)} (margin ${significant(why.margin)} before, ${significant(cause.margin)} after).`
		: '';
	return `${asks}; the model says ${name(said)}: ${causeWords(why, cause, name)}.${proof}`;
}

function causeWords(why: WhyDetail, cause: Cause, name: (token: number) => string): string {
	const site = why.sites.find((each) => each.site === cause.site);
	const where = site ? ` in ${site.name}` : '';
	const head = site && leading(site);
	const token = (at: number) => `token ${at} (${name(why.tokens[at] ?? 0)})`;
	switch (cause.kind) {
		case 'decayed':
			return `decayed${where}: of ${amount(head?.ledger?.intact)} that was written ${amount(head?.ledger?.faded)} faded, ${amount(head?.ledger?.left)} is left`;
		case 'erased':
			return `erased by ${token(cause.by)}${where}: of ${amount(head?.ledger?.intact)} that was written later writes took ${amount(head?.ledger?.erased)}, ${amount(head?.ledger?.left)} is left`;
		case 'outvoted':
			return `outvoted by crosstalk${where}: the other pairs are read ${ratio(head)} as strongly as its own, ${rival(why, cause, name)} the most`;
		case 'never written':
			return `never written${where} under a key that this query finds: ${amount(head?.ledger?.intact ?? head?.weight)} of it could be read, where queries answered right read ${amount(head?.typical)}`;
		case 'overruled later':
			return `retrieved but overruled later: ${site?.name ?? 'a layer'} reads the pair (${share(head?.share ?? 0)} of what it reads), and what follows says otherwise`;
		case 'not selected':
			return `not selected: ${site?.name ?? 'the layer'} multiplies what this token reads by 0`;
		case 'out of reach':
			return `out of reach: the model looks back ${why.reach ?? 0} tokens, and the value is ${why.query.queryAt - why.query.valueAt} away`;
		case 'never matched':
			return 'never matched: no head reads the pair that is asked for more than it reads the others';
		case 'unexplained':
			return `not explained: ${site?.name ?? 'a head'} finds its pairs for most queries, but no change of its output makes this answer right`;
	}
}

function pathSentence({ sites }: WhyDetail): string {
	const found = sites.flatMap((site) =>
		site.heads.filter(({ role }) => role === 'match').map((head) => ({ site, head })),
	);
	const [best] = found.sort((a, b) => b.head.share - a.head.share);
	if (!best) return 'No head reads its pair more than the others.';
	const { site, head } = best;
	const previous = sites.flatMap(({ name, heads }) =>
		heads.filter(({ role }) => role === 'previous').map((each) => `${name} head ${each.head}`),
	);
	const induction = previous.length > 0 ? ` ${previous.join(' and ')} reads the token before.` : '';
	return `Head ${head.head} of ${site.name} reads it at token ${head.carrier} with weight ${significant(head.weight)}, ${share(head.share)} of all it reads.${induction}`;
}

/** The head that matches with the most weight. */
export function leading({ heads }: SiteEvidence): HeadEvidence | undefined {
	const matching = heads.filter(({ role }) => role === 'match');
	return matching.reduce<HeadEvidence | undefined>(
		(best, head) => (!best || Math.abs(head.typical) > Math.abs(best.typical) ? head : best),
		undefined,
	);
}

const amount = (value: number | undefined) => significant(Math.abs(value ?? 0));

function ratio(head: HeadEvidence | undefined): string {
	if (!head || head.weight === 0) return 'far more than';
	return `${significant(head.otherPairs / Math.abs(head.weight))} times`;
}

function rival(
	{ query, tokens }: WhyDetail,
	{ by }: Cause,
	name: (token: number) => string,
): string {
	if (by < 0) return 'none of them';
	const [key, value] = [tokens[by]!, tokens[by + 1]!];
	return key === query.key
		? `${name(value)}, its own older value at token ${by + 1},`
		: `${name(key)} → ${name(value)} at token ${by}`;
}
