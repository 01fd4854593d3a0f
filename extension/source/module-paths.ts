import type { GraphNode } from '../onnx/model-index.ts';
import { parseReprList } from './repr-list.ts';
import type { SiteNodes } from './site-nodes.ts';

const MOST_PATHS = 3000;

/** The module paths that the names, metadata and weights of a model's nodes speak of. */
export function modulePathsOf(nodes: SiteNodes): Set<string> {
	const paths = new Set<string>();
	for (const node of nodes.all()) {
		const path = pathOf(node);
		if (path !== '') paths.add(path);
		if (paths.size >= MOST_PATHS) return paths;
	}
	for (const name of nodes.weights) {
		const parts = name.split('.');
		if (parts.length > 1 && /^[A-Za-z_][\w.]*$/.test(name))
			paths.add(`/${parts.slice(0, -1).join('.')}`);
		if (paths.size >= MOST_PATHS) break;
	}
	return paths;
}

function pathOf(node: GraphNode): string {
	const scopes = node.metadata.get('pkg.torch.onnx.name_scopes');
	if (scopes) return `/${parseReprList(scopes).slice(0, -1).at(-1) ?? ''}`;
	const end = node.name.lastIndexOf('/');
	return end <= 0 ? '' : node.name.slice(0, end);
}
