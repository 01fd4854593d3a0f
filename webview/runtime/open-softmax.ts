import type { AttentionSite } from '../../extension/protocol/model.ts';
import { operators } from '../../kernels/operators.ts';
import type { SoftmaxInputs } from '../../kernels/softmax-attention/softmax-attention.ts';
import type { OpenSite } from '../view-api/open-site.ts';
import { siteTensor, sizeOf, strided } from '../view-api/site-tensors.ts';
import { readMasks } from './read-masks.ts';
import { channelsOf, headsOf, type Tensors } from './site-shape.ts';

/**
 * Opens a softmax site on the tensors of the last run; nothing is computed yet.
 *
 * @throws SiteTensorError or KernelError where the site cannot be computed
 */
export async function openSoftmax(context: Tensors, site: AttentionSite): Promise<OpenSite> {
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
	const before = await keysBefore(context, site, shape);
	// sequences whose pasts differ in length cannot share one rule
	const apart = before.some((count) => count !== before[0]);
	const masks = await readMasks(context, site, shape, apart ? before : undefined);
	const inputs: SoftmaxInputs = {
		q: await strided(q, { head: 'HG', token: 'T', channel: 'K' }, heads, device),
		k: await strided(k, { ...keys, channel: 'K' }, keyHeads, device),
		v: await strided(v, { ...keys, channel: 'V' }, keyHeads, device),
		...masks,
	};
	const queryOffset = before[0]!;
	const results = operators.softmax(device, inputs, shape, {
		queryOffset,
		causal: site.mask === 'causal' && !apart,
		...(site.scale === null ? {} : { scale: site.scale }),
		...(site.softCap === null ? {} : { softCap: site.softCap }),
		...(site.window === null || apart ? {} : { window: site.window }),
	});
	const given = await strided(output, { head: 'HG', token: 'T', channel: 'V' }, heads, device);
	return { results, memory: undefined, output: given, queryOffset, signed: false };
}

/** How many keys stand before the first query, one number a sequence or one for all. */
async function keysBefore(
	context: Tensors,
	site: AttentionSite,
	{ S, T }: { readonly S: number; readonly T: number },
): Promise<number[]> {
	if (site.cross) return [0];
	if (site.kind !== 'fused') return [Math.max(0, S - T)];
	if (!site.tensors['past']) return [0];
	const { tensor } = await siteTensor(context, site, 'past');
	return Array.from(await tensor.read());
}
