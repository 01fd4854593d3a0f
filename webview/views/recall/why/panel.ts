import { significant } from '../../../view-api/format.ts';
import type { Mark, Size, Target } from '../../../view-api/scene.ts';
import { share } from '../sentence.ts';
import { tokenName } from '../rows.ts';
import { TextBlock } from '../text-block.ts';
import type { HeadEvidence } from './evidence.ts';
import { repairWords, STRONGEST } from './repairs.ts';
import type { SiteEvidence, WhyDetail } from './why.ts';

const STRIP = 16;
/** Heads that are drawn; the export has all. */
const MOST_HEADS = 8;

interface Shown {
	readonly site: SiteEvidence;
	readonly head: HeadEvidence;
}

/** How the chosen query was answered: what its heads read as strips of tokens, the account of its pair, and what was tried. */
export function whyPanel(
	why: WhyDetail,
	vocabulary: number,
	top: number,
	size: Size,
): { marks: Mark[]; targets: Target[]; height: number } {
	const name = (token: number) => tokenName(token, vocabulary);
	const block = new TextBlock(size, top);
	const heads = shownHeads(why);
	block.add('What the query’s token reads of every other, a strip a head (row of M)', 'text', { bold: true }); // prettier-ignore
	block.add('▼ the pair asked for   ● the five other pairs read most   ◆ the query', 'muted');
	const strips: Mark[] = [];
	const targets: Target[] = [];
	for (const [at, shown] of heads.entries()) {
		block.add(stripTitle(shown), shown.head.role === 'match' ? 'text' : 'muted');
		strips.push(...strip(why, shown.head, block.y, size));
		targets.push({
			id: `strip ${at}`,
			...{ x: 0, y: block.y + 6, width: size.width, height: STRIP },
			label: `${stripTitle(shown)}; arrow keys read the weights`,
			...{ rows: 1, columns: why.tokens.length },
		});
		block.gap(STRIP + 14);
	}
	for (const { name: site, reason, selector } of why.sites) {
		if (reason !== '') block.add(`${site}: ${reason}`, 'muted');
		if (selector !== null) block.add(`${site}: what this token reads counts ${significant(selector)} times`); // prettier-ignore
	}
	if (why.reach !== null) block.add(`The model looks back ${why.reach} tokens at most; this pair is ${why.query.queryAt - why.query.valueAt} away.`); // prettier-ignore
	for (const shown of heads.filter(({ head }) => head.role === 'match'))
		account(shown, block, name);
	tried(why, block, name);
	return { marks: [...block.marks, ...strips], targets, height: block.y - top };
}

/** Heads that match first, then those that read the token before. */
export function shownHeads({ sites }: WhyDetail): Shown[] {
	const order = { match: 0, previous: 1, other: 2 };
	return sites
		.flatMap((site) => site.heads.map((head) => ({ site, head })))
		.sort((a, b) => order[a.head.role] - order[b.head.role])
		.slice(0, MOST_HEADS);
}

function stripTitle({ site, head }: Shown): string {
	const role = { match: 'finds its pairs', previous: 'reads the token before', other: 'finds no pairs' }; // prettier-ignore
	return `${site.name} head ${head.head} · ${role[head.role]} · ${significant(head.weight)} on the pair, ${share(head.share)}`;
}

function strip(why: WhyDetail, head: HeadEvidence, y: number, { width }: Size): Mark[] {
	const T = why.tokens.length;
	const cell = width / T;
	const middle = (at: number) => (at + 0.5) * cell;
	const reach = head.row.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
	const signed = head.row.some((value) => value < 0);
	const box = { x: 0, y: y + 6, width, height: STRIP };
	const mark = (at: number, text: string, fill: 'good' | 'error' | 'accent'): Mark => ({
		kind: 'text',
		x: middle(at),
		y: y + 2,
		text,
		fill,
		size: 'small',
		align: 'middle',
	});
	return [
		{
			kind: 'image',
			...box,
			columns: T,
			rows: 1,
			values: head.row,
			domain: [signed ? -reach : 0, reach],
			ramp: signed ? 'diverging' : 'sequential',
		},
		{ kind: 'rect', ...box, stroke: 'faint', strokeWidth: 1 },
		...head.others.slice(0, STRONGEST).map(({ at }) => mark(at, '●', 'error')),
		mark(head.carrier, '▼', 'good'),
		mark(why.query.queryAt, '◆', 'accent'),
	];
}

/** The ledger of the pair and the five strongest others. */
function account({ site, head }: Shown, block: TextBlock, name: (token: number) => string): void {
	const { ledger, others, typical, weight, otherPairs, otherTokens } = head;
	block.gap(6);
	block.add(`${site.name} head ${head.head}`, 'text', { bold: true });
	block.add(
		`reads ${significant(weight)} of the pair (of its own, queries answered right read ${significant(typical)}), ${significant(otherPairs)} of other pairs, ${significant(otherTokens)} of all else`,
	);
	if (ledger) {
		const erasers = ledger.erasers.map(({ at, amount }) => `token ${at}: ${significant(amount)}`);
		block.add(
			`written ${significant(ledger.intact)} = left ${significant(ledger.left)} + faded ${significant(ledger.faded)} + erased ${significant(ledger.erased)}${erasers.length > 0 ? ` (most by ${erasers.join(', ')})` : ''}; adds up to ${ledger.gap.toExponential(0)}`,
		);
	}
	const crosstalk = others
		.slice(0, STRONGEST)
		.map(({ key, value, at, weight: part }) => `${name(key)} → ${name(value)} at ${at}: ${significant(part)}`); // prettier-ignore
	if (crosstalk.length > 0) block.add(`crosstalk: ${crosstalk.join(' · ')}`);
}

function tried(why: WhyDetail, block: TextBlock, name: (token: number) => string): void {
	const tries = why.sites.flatMap((site) => site.tries.map((each) => ({ site, each })));
	if (tries.length === 0) return;
	block.gap(6);
	block.add('Tried on the model, the output at the query replaced', 'text', { bold: true });
	for (const { site, each } of tries) {
		const words = each.repair === 'selected' ? 'the query selected' : repairWords[each.repair];
		const right = each.rank === 0;
		block.add(
			`${right ? '✓' : '✗'} ${site.name}, ${words}: says ${name(each.said)}, margin ${significant(each.margin)}`,
			right ? 'good' : 'muted',
		);
	}
}
