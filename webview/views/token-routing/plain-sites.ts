import type { AttentionSite, ModelSummary } from '../../../extension/protocol/model.ts';
import type { Proof } from '../../../extension/protocol/run.ts';
import { attentionTaps, canOpen } from '../../view-api/attention-taps.ts';
import { toleranceOf } from '../../view-api/tolerance.ts';
import type { ViewContext } from '../../view-api/view.ts';
import { isReason, proofOf } from './compute.ts';
import { layerName } from './sites.ts';

/** A site of a model that routes nothing, of its first sequence. */
export interface PlainSite {
	readonly site: AttentionSite;
	readonly name: string;
	/** Softmax, which a linear form might replace; or a memory already. */
	readonly kind: 'softmax' | 'memory';
	readonly H: number;
	readonly T: number;
	readonly S: number;
	/** Chunks that its keys are cut into, and keys in each. */
	readonly N: number;
	readonly C: number;
	readonly causal: boolean;
	/** Whether a tensor hides keys. */
	readonly masked: boolean;
	readonly window: number | null;
	readonly proof: Proof;
}

export interface PlainData {
	readonly kind: 'plain';
	readonly sites: readonly PlainSite[];
	/** Sites that could not be read, with the reason. */
	readonly failed: readonly Proof[];
	/** One a token; empty for none. */
	readonly tokens: readonly string[];
	/** Expected ids, one a token, −100 where none; empty for none. */
	readonly labels: readonly number[];
}

/** Sites that are softmax or a memory by themselves. */
export function plainSites({ sites }: Pick<ModelSummary, 'sites'>): AttentionSite[] {
	return sites.filter((site) => site.form !== 'hybrid' && canOpen(site));
}

export const plainTaps = (model: ModelSummary): string[] => [
	...new Set(plainSites(model).flatMap(attentionTaps)),
];

/** Proves every site; one that cannot be read keeps the reason and stops no other. */
export async function computePlain(context: ViewContext): Promise<PlainData> {
	const found = plainSites(context.model);
	const sites: PlainSite[] = [];
	const failed: Proof[] = [];
	for (const [at, site] of found.entries()) {
		context.signal.throwIfAborted();
		context.progress(`Proving ${layerName(site)}`, at, found.length);
		try {
			sites.push(await readSite(context, site));
		} catch (error) {
			if (context.signal.aborted || !isReason(error)) throw error;
			failed.push({ ...proofOf(site.id, NaN), reason: error.message });
		}
	}
	return { kind: 'plain', sites, failed, tokens: context.tokens, labels: context.labels };
}

async function readSite(context: ViewContext, site: AttentionSite): Promise<PlainSite> {
	const { results, output } = await context.attention(site);
	const { H, T, S } = results.shape;
	const C = chunkOf(S);
	return {
		...{ site, name: layerName(site), H, T, S, C, N: Math.ceil(S / C) },
		kind: site.form === 'softmax' ? 'softmax' : 'memory',
		causal: site.mask === 'causal',
		masked: site.mask === 'padding' || site.mask === 'additive',
		window: site.window,
		proof: proofOf(
			site.id,
			(await results.residual(output)).overall,
			await toleranceOf(context, site),
		),
	};
}

/** A power of two that makes at most 32 chunks, of at least four keys. */
function chunkOf(S: number): number {
	return Math.max(4, 2 ** Math.ceil(Math.log2(S / 32)));
}
