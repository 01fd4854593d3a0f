import type { AttentionSite } from '../../../extension/protocol/model.ts';
import type { AttentionResults } from '../../../kernels/common/attention-results.ts';
import type { Strided } from '../../../kernels/common/tensors.ts';
import {
	softmaxAttention,
	type AllowedMask,
	type SoftmaxInputs,
} from '../../../kernels/softmax-attention/softmax-attention.ts';
import {
	siteTensor,
	SiteTensorError,
	sizeOf,
	strided,
	type ReadTensor,
} from '../../view-api/site-tensors.ts';
import type { ViewContext } from '../../view-api/view.ts';

/** A site's attention, ready to be asked, with the model's own output to hold it against. */
export interface OpenSite {
	readonly results: AttentionResults;
	/** `[B, H, T, V]`. */
	readonly output: Strided;
	/** Index of the key that is the token of query 0; 0 in cross attention. */
	readonly queryOffset: number;
}

/** Roles of the tensors that are read of a softmax site. */
export const SOFTMAX_ROLES = ['q', 'k', 'v', 'output', 'mask'];

/**
 * Opens a softmax site on the tensors of the last run; nothing is computed yet.
 *
 * @throws SiteTensorError or KernelError where the site cannot be computed
 */
export async function openSoftmax(context: ViewContext, site: AttentionSite): Promise<OpenSite> {
	const [q, k, v, output] = await Promise.all([
		siteTensor(context, site, 'q'),
		siteTensor(context, site, 'k'),
		siteTensor(context, site, 'v'),
		siteTensor(context, site, 'output'),
	]);
	const heads = headsOf(q, site.heads, 'heads');
	const keyHeads = headsOf(k, site.kvHeads ?? site.heads, 'key heads');
	const shape = {
		B: sizeOf(q, 'B'),
		H: heads,
		keyHeads,
		T: sizeOf(q, 'T'),
		S: sizeOf(k, 'S') * sizeOf(k, 'T'),
		K: channelsOf(q, 'K', heads),
		V: channelsOf(v, 'V', keyHeads),
	};
	const { device } = context;
	const keys = { head: 'HG', token: 'ST' };
	const inputs: SoftmaxInputs = {
		q: await strided(q, { head: 'HG', token: 'T', channel: 'K' }, heads, device),
		k: await strided(k, { ...keys, channel: 'K' }, keyHeads, device),
		v: await strided(v, { ...keys, channel: 'V' }, keyHeads, device),
		...(await masks(context, site)),
	};
	const queryOffset = site.cross ? 0 : Math.max(0, shape.S - shape.T);
	const results = softmaxAttention(device, inputs, shape, {
		queryOffset,
		causal: site.mask === 'causal',
		...(site.scale === null ? {} : { scale: site.scale }),
		...(site.softCap === null ? {} : { softCap: site.softCap }),
		...(site.window === null ? {} : { window: site.window }),
	});
	const given = await strided(output, { head: 'HG', token: 'T', channel: 'V' }, heads, device);
	return { results, output: given, queryOffset };
}

function headsOf(read: ReadTensor, said: number | null, what: string): number {
	const own = sizeOf(read, 'HG');
	if (own > 1 || !read.axes.includes('D')) return own;
	if (said === null) {
		throw new SiteTensorError(
			`${read.role} (${read.tensor.name}) packs all heads in one axis, and how many ${what} there are could not be worked out.`,
		);
	}
	return said;
}

function channelsOf(read: ReadTensor, letter: 'K' | 'V', heads: number): number {
	return read.axes.includes('D') ? sizeOf(read, 'D') / heads : sizeOf(read, letter);
}

/** A causal mask is a rule, not a tensor; any other is read from the run. */
async function masks(
	context: ViewContext,
	site: AttentionSite,
): Promise<Pick<SoftmaxInputs, 'additive' | 'allowed'>> {
	if (site.mask === 'causal' || site.mask === 'none') return {};
	const mask = await siteTensor(context, site, 'mask');
	const letters = { head: 'HG', token: 'T', channel: 'S' };
	if (site.maskMeans === null) {
		return { additive: await strided(mask, letters, 1, context.device) };
	}
	const { strides } = await strided(mask, letters, 1, undefined);
	const bytes = Uint8Array.from(await mask.tensor.read(), (value) => (value === 0 ? 0 : 1));
	const one: AllowedMask['one'] = site.maskMeans === 'visible' ? 'keep' : 'fill';
	return { allowed: { tensor: { data: bytes, strides }, one } };
}
