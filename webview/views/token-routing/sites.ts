import type { AttentionSite } from '../../../extension/protocol/model.ts';
import { attentionTaps } from '../../view-api/attention-taps.ts';
import { tensorNames } from '../../view-api/site-tensors.ts';

/** The two branches of a layer that routes its tokens. */
export interface RoutedSites {
	readonly exact: AttentionSite;
	readonly folded: AttentionSite;
}

/** Layers whose branches are both found and share one choice. */
export function routedLayers(sites: readonly AttentionSite[]): RoutedSites[] {
	const choice = (site: AttentionSite) => site.tensors['choice']?.name;
	const hybrid = sites.filter((site) => site.form === 'hybrid' && choice(site) !== undefined);
	return hybrid.flatMap((exact) => {
		if (exact.operator !== 'softmax') return [];
		const folded = hybrid.find(
			(other) => other.operator !== 'softmax' && choice(other) === choice(exact),
		);
		return folded ? [{ exact, folded }] : [];
	});
}

export function routingTaps(sites: readonly AttentionSite[]): string[] {
	return [
		...new Set(
			routedLayers(sites).flatMap(({ exact, folded }) => [
				...attentionTaps(exact),
				...attentionTaps(folded),
				...tensorNames(exact, ['choice', 'logits', 'router']),
			]),
		),
	];
}

/** How a layer is called in sentences. */
export function layerName({ layer, path }: AttentionSite): string {
	return layer === null ? path : `layer ${layer}`;
}
