import type { AttentionSite } from '../../extension/protocol/model.ts';
import { tableOperators } from '../../kernels/operators.ts';
import type { OpenSite } from '../view-api/open-site.ts';
import { siteTensor, sizeOf, strided } from '../view-api/site-tensors.ts';
import { withOneAxisEach } from './one-axis-each.ts';
import { channelsOf, headsOf, type Tensors } from './site-shape.ts';

/** One for every query and key, so that a table alone is the matrix. */
const ONES = { data: Float32Array.of(1), strides: [0, 0, 0, 0] } as const;

/**
 * Opens a site by the weights that the model itself mixes by: quantised, of several heads, or normalised otherwise.
 *
 * @throws SiteTensorError or KernelError where they do not read as such
 */
export async function openMixing(context: Tensors, site: AttentionSite): Promise<OpenSite> {
	const [weights, v, output] = await Promise.all([
		siteTensor(context, site, 'mixing'),
		siteTensor(context, site, 'v'),
		siteTensor(context, site, 'output'),
	]);
	const H = headsOf(output, site.heads, 'heads');
	const keyHeads = headsOf(v, site.kvHeads ?? site.heads, 'key heads');
	const B = sizeOf(output, 'B');
	const [T, S] = [sizeOf(output, 'T'), sizeOf(v, 'ST')];
	const { device } = context;
	const laid = await withOneAxisEach(weights, { B, H, T, S });
	const letters = { head: 'HG', token: 'T', channel: 'V' };
	const shape = { B, H, keyHeads, T, S, K: 1, V: channelsOf(v, 'V', keyHeads) };
	const results = tableOperators.gated(
		device,
		{
			q: ONES,
			k: ONES,
			v: await strided(v, { ...letters, token: 'ST' }, keyHeads, device),
			table: await strided(laid, { ...letters, channel: 'S' }, 1, device),
		},
		shape,
	);
	return {
		results,
		memory: undefined,
		output: await strided(output, letters, H, device),
		queryOffset: site.cross ? 0 : Math.max(0, S - T),
		signed: site.notes.some((note) => /pass through|of different heads|over queries/.test(note)),
	};
}
