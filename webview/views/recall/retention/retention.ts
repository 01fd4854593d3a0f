import { attentionTaps } from '../../../view-api/attention-taps.ts';
import type { ViewContext } from '../../../view-api/view.ts';
import type { RecallData } from '../compute.ts';
import { runTokens } from '../probe.ts';
import { examplesOf, writesOf, type Batch } from '../task.ts';
import type { Write } from '../why/evidence.ts';
import { openable } from '../why/openable.ts';

/** What one head's memory holds of each pair along one example. */
export interface RetentionQuery {
	readonly kind: 'retention';
	/** Its last example. */
	readonly batch: Batch;
	readonly site: string;
	readonly head: number;
	/** Where a pair is carried, from its key on. */
	readonly offset: number;
}

export interface RetentionDetail {
	readonly kind: 'retention';
	readonly T: number;
	readonly writes: readonly Write[];
	/** `[writes, T]`: so much of the pair's value a read of its key would return after each token; 0 before. */
	readonly returned: Float32Array;
	readonly states: readonly StateFacts[];
}

/** The state after so many tokens. */
export interface StateFacts {
	readonly after: number;
	readonly norm: number;
	readonly effectiveRank: number;
	/** Largest first. */
	readonly singularValues: readonly number[];
}

/** States that are decomposed; each costs a singular value decomposition. */
const MOST_STATES = 33;

/** @throws SiteTensorError or KernelError where the site is no memory that can be asked */
export async function followPairs(
	context: ViewContext,
	data: RecallData,
	{ batch, site: id, head, offset }: RetentionQuery,
): Promise<RetentionDetail> {
	const example = examplesOf(batch).at(-1)!;
	const found = data.sites.find((site) => site.id === id);
	const site = found && openable(found);
	if (!site) throw new Error(`${id} is no site that can be opened.`);
	const rows = Array.from({ length: data.tokenModel.batch ?? 1 }, () => example.tokens);
	context.progress('Following the stored pairs');
	const run = await runTokens(context, data.tokenModel, rows, { taps: attentionTaps(site) });
	try {
		const { memory } = await run.attention(site);
		if (!memory) throw new Error(`${id} keeps no state: it reads every token again.`);
		const T = example.tokens.length;
		const writes = writesOf(batch, example);
		const { returned } = await memory.retention({
			...{ batch: 0, head },
			writes: writes.map(({ keyAt }) => keyAt + offset),
		});
		const count = Math.min(MOST_STATES, T + 1);
		const after = Array.from({ length: count }, (_, at) => Math.round((at * T) / (count - 1)));
		const states = await memory.states({ batch: 0, head, after });
		return {
			kind: 'retention',
			...{ T, writes, returned },
			states: states.map(({ norm, effectiveRank, singularValues, after: at }) => ({
				after: at,
				norm,
				effectiveRank,
				singularValues: Array.from(singularValues),
			})),
		};
	} finally {
		run.release();
	}
}
