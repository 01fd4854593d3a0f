import type { AttentionSite, Form } from '../../../../extension/protocol/model.ts';
import { KernelError } from '../../../../kernels/common/kernel-error.ts';
import {
	scoreRecall,
	type MqarExample,
	type MqarQuery,
} from '../../../../kernels/recall/recall.ts';
import { attentionTaps } from '../../../view-api/attention-taps.ts';
import { SiteTensorError } from '../../../view-api/site-tensors.ts';
import type { OtherRun, ViewContext } from '../../../view-api/view.ts';
import type { RecallData } from '../compute.ts';
import { runTokens } from '../probe.ts';
import { examplesOf, writesOf, type Batch } from '../task.ts';
import { answerAt } from './answer-at.ts';
import { causeOf, type Cause, type SiteCase, type Try } from './cause.ts';
import { openable } from './openable.ts';
import { headEvidence, readRows, type HeadEvidence } from './evidence.ts';
import { repairedOutput, repairsOf, siteValues, type SiteValues } from './repairs.ts';
import { readSelector, trySelecting } from './selector.ts';

/** One query of one example. */
export interface WhyQuery {
	readonly kind: 'why';
	/** Its last example holds the query. */
	readonly batch: Batch;
	readonly pair: number;
}

export interface SiteEvidence extends SiteCase {
	readonly form: Form;
	/** Tokens that it looks back at most, itself included; null for all. */
	readonly window: number | null;
	/** What the layer's result at the query is multiplied by; null where nothing selects. */
	readonly selector: number | null;
	/** Why its heads are not told; empty where they are. */
	readonly reason: string;
}

export interface WhyDetail {
	readonly kind: 'why';
	readonly tokens: readonly number[];
	readonly query: MqarQuery;
	readonly said: number;
	readonly rank: number;
	readonly margin: number;
	readonly sites: readonly SiteEvidence[];
	/** Tokens that the whole model can look back; null for all. */
	readonly reach: number | null;
	/** Undefined for a query that was answered right. */
	readonly cause: Cause | undefined;
}

/** Why a query was answered as it was: what each head read, what became of the pair, and what mends the answer. */
export async function explain(
	context: ViewContext,
	data: RecallData,
	{ batch, pair }: WhyQuery,
): Promise<WhyDetail> {
	const example = examplesOf(batch).at(-1)!;
	const query = example.queries[pair]!;
	const { tokenModel, sites } = data;
	const rows = Array.from({ length: tokenModel.batch ?? 1 }, () => example.tokens);
	const taps = [
		...new Set(
			sites.flatMap((site) => [
				...(openable(site) ? attentionTaps(openable(site)!) : []),
				...(site.tensors['selector'] ? [site.tensors['selector'].name] : []),
			]),
		),
	];
	context.progress('Running the example once more');
	const run = await runTokens(context, tokenModel, rows, { taps });
	try {
		const size = example.tokens.length * run.vocabulary;
		const { answers } = scoreRecall(run.logits.subarray(0, size), example.labels);
		const right = example.queries.map(
			({ queryAt }) => answers.find(({ at }) => at === queryAt)!.rank === 0,
		);
		const own = answers.find(({ at }) => at === query.queryAt)!;
		const found: SiteEvidence[] = [];
		for (const site of sites) {
			context.signal.throwIfAborted();
			context.progress(`Reading ${nameOf(site)}`, found.length, sites.length);
			found.push(
				await siteEvidence(context, data, run, site, {
					...{ example, query, right },
					writes: writesOf(batch, example),
					answeredRight: own.rank === 0,
				}),
			);
		}
		const reach = reachOf(sites);
		const distance = query.queryAt - query.valueAt;
		return {
			kind: 'why',
			tokens: Array.from(example.tokens),
			query,
			...{ said: own.said, rank: own.rank, margin: own.margin },
			sites: found,
			reach,
			cause: own.rank === 0 ? undefined : causeOf(found, distance, reach ?? Infinity),
		};
	} finally {
		run.release();
	}
}

/** Convolutions and windows in a row look back as far as they together; one site that sees all sees all. */
export function reachOf(sites: readonly AttentionSite[]): number | null {
	if (sites.length === 0 || sites.some(({ window }) => window === null)) return null;
	return sites.reduce((sum, { window }) => sum + window! - 1, 1);
}

export function nameOf({ layer, path }: AttentionSite): string {
	return layer === null ? path : `layer ${layer}`;
}

interface Asked {
	readonly example: MqarExample;
	readonly query: MqarQuery;
	readonly right: readonly boolean[];
	readonly writes: ReturnType<typeof writesOf>;
	readonly answeredRight: boolean;
}

async function siteEvidence(
	context: ViewContext,
	data: RecallData,
	run: OtherRun,
	site: AttentionSite,
	asked: Asked,
): Promise<SiteEvidence> {
	const { query } = asked;
	const selector = await readSelector(run, site, query.queryAt);
	const known = {
		...{ site: site.id, name: nameOf(site), form: site.form, window: site.window, selector },
		reason: '',
	};
	const inner = openable(site);
	if (!inner) return { ...known, heads: [], tries: [], reason: reasonOf(site) };
	try {
		const open = await run.attention(inner);
		if (open.results.shape.B !== (data.tokenModel.batch ?? 1)) {
			throw new SiteTensorError('It is given several copies of the sequence.');
		}
		const rows = await readRows(inner, open);
		const heads: HeadEvidence[] = [];
		for (let head = 0; head < open.results.shape.H; head++) {
			heads.push(await headEvidence(rows, head, asked.example, query, asked.writes, asked.right));
		}
		const values = await siteValues(run, inner, open.results.shape);
		const tries = asked.answeredRight
			? []
			: [
					...(await tryRepairs(context, data, values, heads, asked)),
					...(await trySelecting(context, data, run, site, selector, asked)),
				];
		return { ...known, heads, tries };
	} catch (error) {
		if (!(error instanceof SiteTensorError || error instanceof KernelError)) throw error;
		return { ...known, heads: [], tries: [], reason: error.message };
	}
}

function reasonOf({ form }: AttentionSite): string {
	return form === 'convolution'
		? 'A convolution mixes by place alone: it reads the same distances whatever the key.'
		: `No operator computes attention of the form ${form}.`;
}

/** Runs the real model with the site's output repaired, all repairs as one batch where the batch is free. */
async function tryRepairs(
	context: ViewContext,
	{ tokenModel }: RecallData,
	values: SiteValues,
	heads: readonly HeadEvidence[],
	{ example, query }: Asked,
): Promise<Try[]> {
	const kinds = repairsOf(heads);
	const atOnce = tokenModel.batch === undefined ? kinds.length : 1;
	const tries: Try[] = [];
	for (let from = 0; from < kinds.length; from += atOnce) {
		const some = kinds.slice(from, from + atOnce);
		const rows = Array.from({ length: tokenModel.batch ?? some.length }, () => example.tokens);
		const override = repairedOutput(values, heads, some, query.queryAt);
		const run = await runTokens(context, tokenModel, rows, { overrides: [override] });
		some.forEach((repair, row) => {
			tries.push({ repair, ...answerAt(run, row, example, query) });
		});
		run.release();
	}
	return tries;
}
