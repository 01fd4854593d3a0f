import type { AttentionSite } from '../../../../extension/protocol/model.ts';
import {
	siteTensor,
	sizeOf,
	tensorNames,
	type ReadTensor,
} from '../../../view-api/site-tensors.ts';
import type { OtherRun } from '../../../view-api/view.ts';

/** Tensors whose shapes tell how much a site keeps of the past. */
export function stateTaps(sites: readonly AttentionSite[]): string[] {
	return [...new Set(sites.flatMap((site) => tensorNames(site, ['k', 'v'])))];
}

/**
 * Numbers that all sites keep of the past after `length` tokens, counted from the shapes of their tensors: a state is key size
 * times value size (and a key more where it has a normaliser), exact attention keeps a key and a value for every token in its
 * window, a convolution keeps its inputs but one. Null where a site's cannot be counted.
 */
export async function stateElements(
	run: OtherRun,
	sites: readonly AttentionSite[],
	length: number,
): Promise<number | null> {
	let sum = 0;
	for (const site of sites) {
		const own = await elementsOf(run, site, length);
		if (own === null) return null;
		sum += own;
	}
	return sites.length === 0 ? null : sum;
}

async function elementsOf(
	run: OtherRun,
	site: AttentionSite,
	length: number,
): Promise<number | null> {
	const { form, operator, tensors, window } = site;
	const mixes = ['selective', 'hybrid', 'momentum'].includes(form) ? operator : form;
	if (mixes === 'convolution') {
		const v = tensors['v'] && (await siteTensor(run, site, 'v'));
		return v && window !== null ? sizeOf(v, 'DHV') * (window - 1) : null;
	}
	if (!tensors['k']?.axes || !tensors['v']?.axes) return null;
	const k = await siteTensor(run, site, 'k');
	const v = await siteTensor(run, site, 'v');
	const heads = Math.max(headsOf(k, site), headsOf(v, site));
	const [K, V] = [channels(k, site, 'K'), channels(v, site, 'V')];
	if (mixes === 'softmax') return Math.min(length, window ?? length) * heads * (K + V);
	return heads * (K * V + (tensors['normaliser'] ? K : 0));
}

function headsOf(read: ReadTensor, site: AttentionSite): number {
	return read.axes.includes('D') ? (site.kvHeads ?? site.heads ?? 1) : sizeOf(read, 'HG');
}

function channels(read: ReadTensor, site: AttentionSite, letter: 'K' | 'V'): number {
	return read.axes.includes('D') ? sizeOf(read, 'D') / headsOf(read, site) : sizeOf(read, letter);
}
