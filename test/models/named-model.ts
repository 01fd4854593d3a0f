import type { Graph, GraphNode, ModelIndex } from '../../extension/onnx/model-index.ts';
import type { AttentionSite, CodeLink, Form } from '../../extension/protocol/model.ts';
import { linkSites, type LinkOptions } from '../../extension/source/link-sites.ts';
import type { PythonFile } from '../../extension/source/python-file.ts';

/** A node that is nothing but its names: what tying sites to code looks at. */
export function namedNode(name: string, extra: Partial<GraphNode> = {}): GraphNode {
	return {
		name,
		opType: 'Softmax',
		domain: '',
		inputs: [],
		outputs: [`${name}_output_0`],
		attributes: new Map(),
		docString: '',
		metadata: new Map(),
		outputNames: [],
		...extra,
	};
}

export function indexOf(nodes: readonly GraphNode[], weights: readonly string[] = []): ModelIndex {
	const graph: Graph = {
		name: '',
		nodes,
		inputs: [],
		outputs: [],
		initializers: new Map(
			weights.map((name) => [
				name,
				{ name, dtype: 'float32', dims: [8, 8], data: null, external: null, values: null },
			]),
		),
		valueInfo: new Map(),
		metadata: new Map(),
	};
	return { graph, functions: [] } as unknown as ModelIndex;
}

export interface NamedSite {
	readonly id?: string;
	readonly path: string;
	readonly form?: Form;
	/** Index of the node that mixes. */
	readonly node?: number;
	/** Names of tensors by role. */
	readonly tensors?: Readonly<Record<string, string>>;
}

export function siteOf(
	{ id = 'site', path, form = 'softmax', node = 0, tensors = {} }: NamedSite,
	nodes: readonly GraphNode[],
): AttentionSite {
	const named = Object.entries(tensors).map(([role, name]) => [role, { name, axes: '' }]);
	return {
		id,
		path,
		node,
		nodeName: nodes[node]?.name ?? '',
		form,
		operator: null,
		tensors: Object.fromEntries(named) as AttentionSite['tensors'],
	} as AttentionSite;
}

/** Links of one site, by default the one that the first node mixes. */
export function linksOf(
	nodes: readonly GraphNode[],
	site: NamedSite,
	files: readonly PythonFile[],
	options: LinkOptions & { weights?: readonly string[] } = {},
): CodeLink[] {
	return linkSites(indexOf(nodes, options.weights), [siteOf(site, nodes)], files, options);
}

/** Python files of a folder `/w`, by path. */
export const python = (texts: Readonly<Record<string, string>>): PythonFile[] =>
	Object.entries(texts).map(([path, text]) => ({ uri: `file:///w/${path}`, text }));

/** `path:line` of the lines that end with a mark such as `#build`, in the order of the files. */
export function marked(files: readonly PythonFile[], mark: string): string[] {
	return files.flatMap(({ uri, text }) =>
		text
			.split(/\r?\n/)
			.flatMap((line, at) =>
				line.trimEnd().endsWith(`#${mark}`) ? [`${uri.slice('file:///w/'.length)}:${at + 1}`] : [],
			),
	);
}

/** `path:line` of the link to a target. */
export function placeOf(
	links: readonly CodeLink[],
	target: CodeLink['target'],
): string | undefined {
	const link = links.find((candidate) => candidate.target === target);
	return link && `${link.file.replace('file:///w/', '')}:${link.line}`;
}
