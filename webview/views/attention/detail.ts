import type { Range } from '../../../kernels/common/attention-results.ts';
import { SiteTensorError } from '../../view-api/site-tensors.ts';
import type { ViewContext } from '../../view-api/view.ts';
import { pooled, type AttentionData, type PooledWeights } from './compute.ts';

/** A stretch of one head's weights at a resolution: at most `most` cells a side, exact where that is enough. */
export interface WeightQuery {
	readonly site: string;
	readonly batch: number;
	readonly head: number;
	readonly rows: Range;
	readonly columns: Range;
	readonly most: number;
}

/** Computes it from the tensors of the run; nothing larger than the answer is held. */
export async function fetchWeights(
	context: ViewContext,
	data: AttentionData,
	{ site, most, ...rectangle }: WeightQuery,
): Promise<PooledWeights> {
	const picture = data.sites.find((each) => each.site.id === site);
	if (!picture) throw new SiteTensorError(`The run has no attention site ${site}.`);
	const { results } = await context.attention(picture.site);
	return pooled(await results.pyramid(rectangle, { rows: most, columns: most }));
}
