import { SiteTensorError, sizeOf, type ReadTensor } from '../view-api/site-tensors.ts';
import type { ViewContext } from '../view-api/view.ts';

/** What opening a site needs of a run. */
export type Tensors = Pick<ViewContext, 'device' | 'tensor'>;

/**
 * Heads of a tensor.
 * @param said what the graph tells, for a tensor that packs them with their channels
 * @param what for the message, such as `key heads`
 * @throws SiteTensorError where they cannot be told apart
 */
export function headsOf(read: ReadTensor, said: number | null, what: string): number {
	const own = sizeOf(read, 'HG');
	if (own > 1 || !read.axes.includes('D')) return own;
	if (said === null) {
		throw new SiteTensorError(
			`${read.role} (${read.tensor.name}) packs all heads in one axis, and how many ${what} there are could not be worked out.`,
		);
	}
	return said;
}

/** Channels of one head. */
export function channelsOf(read: ReadTensor, letter: 'K' | 'V', heads: number): number {
	return read.axes.includes('D') ? sizeOf(read, 'D') / heads : sizeOf(read, letter);
}
