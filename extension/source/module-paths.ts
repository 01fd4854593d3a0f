import type { GraphNode } from '../onnx/model-index.ts';
import {
	parseReprList,
	pathOfName,
	pathOfNamespace,
	pathOfScopes,
} from '../attention/module-path.ts';
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
	for (const name of dottedNames(nodes.weights)) {
		paths.add(`/${name.slice(0, name.lastIndexOf('.'))}`);
		if (paths.size >= MOST_PATHS) break;
	}
	return paths;
}

/** Names of weights that say which module holds them, such as `layers.0.attn.bias`. */
export const dottedNames = (weights: Iterable<string>): string[] =>
	[...weights].filter((name) => /^[A-Za-z_][\w.]*\.\w+$/.test(name)).slice(0, MOST_PATHS);

function pathOf(node: GraphNode): string {
	const scopes = node.metadata.get('pkg.torch.onnx.name_scopes');
	if (scopes) return pathOfScopes(parseReprList(scopes));
	const namespace = node.metadata.get('namespace');
	return namespace ? pathOfNamespace(namespace) : pathOfName(node.name);
}

/** Whole names of the classes around a node, outermost first, as the newer exporter lists them. */
export function classesOf({ metadata }: GraphNode): string[] {
	const hierarchy = metadata.get('pkg.torch.onnx.class_hierarchy');
	if (hierarchy) return parseReprList(hierarchy).slice(0, -1);
	const parts = metadata.get('namespace')?.split('/').slice(0, -1) ?? [];
	return parts.map((part) => part.slice(part.lastIndexOf(': ') + 1).trim());
}
