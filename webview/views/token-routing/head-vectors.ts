import type { AttentionSite } from '../../../extension/protocol/model.ts';
import { indexOf, type Strided } from '../../../kernels/common/tensors.ts';
import type { ReadsTensors } from '../../view-api/named-tensor.ts';
import { siteTensor, sizeOf, strided, type ReadTensor } from '../../view-api/site-tensors.ts';
import type { HeadVectors } from './linear-forms.ts';

/** Queries, keys and values of a site's first sequence, read back once, a head at a time. */
export interface SiteVectors {
	readonly K: number;
	head(head: number): HeadVectors;
}

/**
 * @param heads of queries
 * @throws SiteTensorError where a tensor is missing or does not read as `[batch, head, token, channel]`
 */
export async function siteVectors(
	context: ReadsTensors,
	site: AttentionSite,
	{ H, T, S }: { readonly H: number; readonly T: number; readonly S: number },
): Promise<SiteVectors> {
	const open = async (role: string, channel: string, said: number) => {
		const read = await siteTensor(context, site, role);
		const heads = headsIn(read, said);
		const token = role === 'q' ? 'T' : 'ST';
		const tensor = await strided(read, { head: 'HG', token, channel }, heads, undefined);
		const channels = read.axes.includes('D') ? sizeOf(read, 'D') / heads : sizeOf(read, channel);
		return { tensor, heads, channels };
	};
	const said = site.kvHeads ?? site.heads ?? 1;
	const q = await open('q', 'K', site.heads ?? 1);
	const k = await open('k', 'K', said);
	const v = await open('v', 'V', said);
	const K = q.channels;
	return {
		K,
		head: (head) => {
			const of = ({ tensor, heads, channels }: typeof q, tokens: number) =>
				flat(tensor, Math.floor((head * heads) / H), tokens, channels);
			const scale = site.form === 'softmax' ? (site.scale ?? 1 / Math.sqrt(K)) : 1 / Math.sqrt(K);
			return { q: of(q, T), k: of(k, S), v: of(v, S), K, V: v.channels, scale };
		},
	};
}

function headsIn(read: ReadTensor, said: number): number {
	const own = sizeOf(read, 'HG');
	return own > 1 || !read.axes.includes('D') ? own : said;
}

function flat(tensor: Strided, head: number, tokens: number, channels: number): Float64Array {
	const data = tensor.data as Float32Array;
	return Float64Array.from({ length: tokens * channels }, (_, at) =>
		Number(data[indexOf(tensor, 0, head, Math.floor(at / channels), at % channels)]),
	);
}
