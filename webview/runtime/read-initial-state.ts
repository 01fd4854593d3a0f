import type { AttentionSite } from '../../extension/protocol/model.ts';
import { indexOf, laidOut, type Strided } from '../../kernels/common/tensors.ts';
import type { MemoryShape } from '../../kernels/linear-attention/linear-attention.ts';
import { siteTensor, sizeOf, strided } from '../view-api/site-tensors.ts';
import type { Tensors } from './site-shape.ts';

/**
 * The state that a memory starts from, `[B, H, K, V]`; undefined where that is nothing. Heads of queries that share one
 * get a copy each.
 *
 * @throws SiteTensorError where it is missing or its axes are not known
 */
export async function readInitialState(
	context: Tensors,
	site: AttentionSite,
	{ B, H, K, V }: Pick<MemoryShape, 'B' | 'H' | 'K' | 'V'>,
): Promise<Strided | undefined> {
	if (!site.tensors['initial']) return undefined;
	const read = await siteTensor(context, site, 'initial');
	const letters = { head: 'HG', token: 'K', channel: 'V' };
	const own = sizeOf(read, 'HG');
	if (own === 1 || own === H) return strided(read, letters, H, context.device);
	const shared = await strided(read, letters, own, undefined);
	const values = await read.tensor.read();
	const copied = Float32Array.from({ length: B * H * K * V }, (_, at) => {
		const [i, d] = [Math.floor(at / V) % K, at % V];
		const index = Math.floor(at / (K * V));
		const head = Math.floor(((index % H) * own) / H);
		return values[indexOf(shared, Math.floor(index / H), head, i, d)]!;
	});
	return laidOut(copied, 'BHTK', [B, H, K, V]);
}
