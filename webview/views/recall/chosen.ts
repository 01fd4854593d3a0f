import type { RecallData } from './compute.ts';
import type { Known } from './known.ts';
import type { RetentionQuery } from './retention/retention.ts';
import { rowNamed } from './rows.ts';
import { taskOf, type RecallState } from './state.ts';
import { leading } from './why/sentence.ts';
import type { HeadEvidence } from './why/evidence.ts';
import type { SiteEvidence, WhyDetail, WhyQuery } from './why/why.ts';

/** The question about the chosen query; undefined where none is chosen or its batch has not run. */
export function whyQuery(data: RecallData, state: RecallState, known: Known): WhyQuery | undefined {
	const row = rowNamed(data, state, known, state.chosen);
	if (!row) return undefined;
	const { from, example, pair } = row.asked;
	const batch = { task: taskOf(data, state), cell: row.cell, from, count: example - from + 1 };
	return { kind: 'why', batch, pair };
}

/** What is known of the chosen query; undefined until it is. */
export function chosenWhy(
	data: RecallData,
	state: RecallState,
	known: Known,
): WhyDetail | undefined {
	const query = whyQuery(data, state, known);
	const found = query && known(query);
	return found?.kind === 'why' ? found : undefined;
}

export interface MemoryHead {
	/** As the control names it. */
	readonly name: string;
	readonly site: SiteEvidence;
	readonly head: HeadEvidence;
}

/** Heads that keep a state, the one that the cause is about first. */
export function memoryHeads(why: WhyDetail): MemoryHead[] {
	const heads = why.sites.flatMap((site) =>
		site.heads
			.filter(({ ledger }) => ledger !== undefined)
			.map((head) => ({ name: `${site.name} head ${head.head}`, site, head })),
	);
	const first = ({ site, head }: MemoryHead) =>
		(site.site === why.cause?.site ? 2 : 0) + (leading(site) === head ? 1 : 0);
	return heads.sort((a, b) => first(b) - first(a));
}

/** The head whose memory is shown. */
export function shownMemory(why: WhyDetail, state: RecallState): MemoryHead | undefined {
	const heads = memoryHeads(why);
	return heads.find(({ name }) => name === state.memory) ?? heads[0];
}

export function retentionQuery(
	data: RecallData,
	state: RecallState,
	known: Known,
): RetentionQuery | undefined {
	const query = whyQuery(data, state, known);
	const why = chosenWhy(data, state, known);
	const memory = why && shownMemory(why, state);
	if (!query || !memory) return undefined;
	const { site, head } = memory;
	return { kind: 'retention', batch: query.batch, site: site.site, head: head.head, offset: head.offset }; // prettier-ignore
}
