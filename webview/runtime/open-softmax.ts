import type { AttentionSite } from '../../extension/protocol/model.ts';
import { arrayOf, indexOf, type Strided } from '../../kernels/common/tensors.ts';
import { operators } from '../../kernels/operators.ts';
import type {
	SoftmaxInputs,
	SoftmaxShape,
} from '../../kernels/softmax-attention/softmax-attention.ts';
import { isPlaced } from '../view-api/attention-taps.ts';
import type { OpenSite } from '../view-api/open-site.ts';
import { siteTensor, sizeOf, strided } from '../view-api/site-tensors.ts';
import { openMixing } from './open-mixing.ts';
import { ownKey } from './own-key.ts';
import { readMasks } from './read-masks.ts';
import { channelsOf, headsOf, type Tensors } from './site-shape.ts';

/**
 * Opens a softmax site on the tensors of the last run; nothing is computed yet.
 *
 * @throws SiteTensorError or KernelError where the site cannot be computed
 */
export async function openSoftmax(context: Tensors, site: AttentionSite): Promise<OpenSite> {
	if (site.tensors['mixing']) return openMixing(context, site);
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
	const letters = { head: 'HG', token: 'T', channel: 'V' };
	const before = await keysBefore(context, site, shape);
	const queries = await queriesOf(context, site, shape);
	// sequences whose pasts or prompts differ in length cannot share one rule; nor is there one for queries before all keys
	const apart = queries !== undefined || before.some((count) => count !== before[0] || count < 0);
	const placed = isPlaced(site);
	const rules = !apart && !placed;
	// where the first query stands is read off its mask
	const from = placed
		? { device: undefined, tensor: (name: string) => context.tensor(name) }
		: context;
	const masks = await readMasks(from, site, shape, apart ? { before, queries } : undefined);
	const sink = site.tensors['sink'] && (await siteTensor(context, site, 'sink'));
	const inputs: SoftmaxInputs = {
		q: await strided(q, { ...letters, channel: 'K' }, heads, device),
		k: await strided(k, { ...keys, channel: 'K' }, keyHeads, device),
		v: await strided(v, { ...keys, channel: 'V' }, keyHeads, device),
		...masks,
		...(sink && { sink: await strided(sink, letters, heads, device) }),
	};
	const queryOffset = placed ? ownKey(masks, shape.S) : before[0]!;
	const results = operators.softmax(device, inputs, shape, {
		queryOffset,
		causal: rules && site.mask === 'causal',
		...(site.scale === null ? {} : { scale: site.scale }),
		...(site.softCap === null ? {} : { softCap: site.softCap }),
		...(site.window === null || !rules ? {} : { window: site.window }),
	});
	const given = await strided(output, letters, heads, queries ? undefined : device);
	return {
		results,
		memory: undefined,
		output: queries ? withoutPadding(given, queries, shape) : given,
		queryOffset,
		queries,
		signed: false,
	};
}

/** How many queries of each sequence are tokens; undefined where all are, so that nothing has to be left out. */
async function queriesOf(
	context: Tensors,
	site: AttentionSite,
	{ T }: SoftmaxShape,
): Promise<number[] | undefined> {
	if (!site.tensors['length']) return undefined;
	const { tensor } = await siteTensor(context, site, 'length');
	const counts = Array.from(await tensor.read(), (count) => Math.min(T, count));
	return counts.some((count) => count < T) ? counts : undefined;
}

/** What an operator leaves in the rows of padding is whatever lay there before: nothing takes its place. */
function withoutPadding(
	output: Strided,
	queries: readonly number[],
	{ H, T, V }: SoftmaxShape,
): Strided {
	const data = Float32Array.from(arrayOf('softmax-attention', 'output', output));
	queries.forEach((count, b) => {
		for (let row = count * H; row < T * H; row++) {
			const [t, h] = [Math.floor(row / H), row % H];
			for (let d = 0; d < V; d++) data[indexOf(output, b, h, t, d)] = 0;
		}
	});
	return { ...output, data };
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
