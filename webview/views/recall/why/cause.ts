import type { HeadEvidence } from './evidence.ts';
import type { RepairKind } from './repairs.ts';

export type CauseKind =
	| 'never written'
	| 'decayed'
	| 'erased'
	| 'outvoted'
	| 'overruled later'
	| 'not selected'
	| 'out of reach'
	| 'never matched'
	| 'unexplained';

/** What the model said with one site's output repaired. */
export interface Try {
	readonly repair: RepairKind | 'selected';
	readonly said: number;
	/** 0 where the answer became right. */
	readonly rank: number;
	readonly margin: number;
}

/** A site with what was found there. */
export interface SiteCase {
	readonly site: string;
	readonly name: string;
	readonly heads: readonly HeadEvidence[];
	readonly tries: readonly Try[];
}

export interface Cause {
	readonly kind: CauseKind;
	/** Id of the site, empty where it is none in particular. */
	readonly site: string;
	readonly repair: Try['repair'] | '';
	/** The token that erased most, or the key position of the pair that outvoted most; −1 for none. */
	readonly by: number;
	/** The repair made the answer right. */
	readonly verified: boolean;
	/** Margin of the right answer with the repair; NaN without. */
	readonly margin: number;
}

/** Which repair speaks for which cause, and which of several speaks first: the one that changes less. */
const specific: readonly (readonly [CauseKind, readonly RepairKind[]])[] = [
	['decayed', ['decay']],
	['erased', ['eraser', 'erase']],
	['outvoted', ['five', 'pairs']],
];

/**
 * The cause whose repair makes the answer right; of several, the one that leaves the right answer the largest margin. A query
 * that no repair of one loss helps is told by its largest loss; one that even the right read does not help is overruled.
 *
 * @param reach tokens that the model can look back at all; Infinity where a site sees everything
 */
export function causeOf(sites: readonly SiteCase[], distance: number, reach: number): Cause {
	if (distance >= reach) return cause('out of reach', undefined, undefined);
	const selected = flipped(sites, ['selected']);
	if (selected) return cause('not selected', selected.site, selected.best);
	const named = specific
		.map(([kind, repairs]) => ({ kind, found: flipped(sites, repairs), repairs }))
		.filter(({ found }) => found !== undefined)
		.sort((a, b) => b.found!.best.margin - a.found!.best.margin)[0];
	if (named) {
		const { site } = named.found!;
		const least = named.repairs
			.map((repair) => site.tries.find((each) => each.repair === repair && each.rank === 0))
			.find((each) => each !== undefined);
		return cause(named.kind, site, least ?? named.found!.best);
	}
	const kept = flipped(sites, ['kept']);
	if (kept) return cause(largestLoss(kept.site, false), kept.site, kept.best);
	const alone = flipped(sites, ['alone']);
	if (alone) return cause('outvoted', alone.site, alone.best);
	const right = flipped(sites, ['right']);
	if (right) {
		const weak = neverWritten(right.site);
		return cause(weak ? 'never written' : largestLoss(right.site, true), right.site, right.best);
	}
	const overruled = flipped(sites, ['silent', 'twice', 'four times']);
	const matching = sites.filter(({ heads }) => heads.some(({ role }) => role === 'match'));
	if (matching.length === 0) return cause('never matched', undefined, undefined);
	if (overruled) return cause('overruled later', overruled.site, overruled.best);
	return cause('unexplained', matching.at(-1), undefined);
}

function flipped(
	sites: readonly SiteCase[],
	repairs: readonly Try['repair'][],
): { site: SiteCase; best: Try } | undefined {
	return sites
		.flatMap((site) => site.tries.map((best) => ({ site, best })))
		.filter(({ best }) => repairs.includes(best.repair) && best.rank === 0)
		.sort((a, b) => b.best.margin - a.best.margin)[0];
}

const matching = ({ heads }: SiteCase) => heads.filter(({ role }) => role === 'match');
const total = (heads: readonly HeadEvidence[], value: (head: HeadEvidence) => number) =>
	heads.reduce((sum, head) => sum + value(head), 0);

/** What was there to be read, before anything was lost, is under half of what right queries read. */
function neverWritten(site: SiteCase): boolean {
	const heads = matching(site);
	const intact = total(heads, ({ ledger, weight }) => Math.abs(ledger?.intact ?? weight));
	return intact < total(heads, ({ typical }) => Math.abs(typical)) / 2;
}

function largestLoss(site: SiteCase, withCrosstalk: boolean): CauseKind {
	const heads = matching(site);
	const losses: [CauseKind, number][] = [
		['decayed', total(heads, ({ ledger }) => Math.abs(ledger?.faded ?? 0))],
		['erased', total(heads, ({ ledger }) => Math.abs(ledger?.erased ?? 0))],
	];
	if (withCrosstalk) losses.push(['outvoted', total(heads, ({ otherPairs }) => otherPairs)]);
	return losses.reduce((largest, each) => (each[1] > largest[1] ? each : largest))[0];
}

function cause(kind: CauseKind, site: SiteCase | undefined, best: Try | undefined): Cause {
	return {
		kind,
		site: site?.site ?? '',
		repair: best?.repair ?? '',
		by: site ? byWhom(kind, site) : -1,
		verified: best !== undefined,
		margin: best?.margin ?? NaN,
	};
}

/** The token that took or outvoted most, over the heads that match. */
function byWhom(kind: CauseKind, site: SiteCase): number {
	const amounts = new Map<number, number>();
	const add = (at: number, amount: number) =>
		amounts.set(at, (amounts.get(at) ?? 0) + Math.abs(amount));
	for (const { ledger, others } of matching(site)) {
		if (kind === 'erased') ledger?.erasers.forEach(({ at, amount }) => add(at, amount));
		if (kind === 'outvoted') others.forEach(({ keyAt, weight }) => add(keyAt, weight));
	}
	const [most] = [...amounts].sort((a, b) => b[1] - a[1]);
	return most?.[0] ?? -1;
}
