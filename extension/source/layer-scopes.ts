import type { AttentionSite } from '../protocol/model.ts';
import type { SiteNodes } from './site-nodes.ts';

/** Scopes of a graph are this deep at most; what is deeper says nothing more. */
const DEEPEST = 24;

/** Names of the scopes around a site, outermost first: by its nodes, else by its weights. */
export function* layerScopesOf(site: AttentionSite, nodes: SiteNodes) {
	const { path, nodeName, tensors } = site;
	if (path.startsWith('/') || nodeName.startsWith('/')) return;
	const names = [nodeName, `${path}/`, ...['q', 'k', 'v'].map((role) => nodes.producerOf(tensors[role]?.name ?? '')?.name ?? '')]; // prettier-ignore
	for (const name of names) {
		const scopes = name.split('/').slice(0, -1);
		if (scopes.length > 0) yield scopes.slice(-DEEPEST);
	}
	for (const role of ['q', 'k', 'v']) {
		for (const weight of nodes.weightsBehind(tensors[role]?.name ?? '', site)) {
			const [layer] = /^[a-z]\w*_\d+(?=\.[wb]_\d+)/.exec(weight) ?? [];
			if (layer !== undefined) yield [layer];
			else if (weight.includes('/')) yield weight.split('/').slice(0, -1).slice(-DEEPEST);
		}
	}
}
