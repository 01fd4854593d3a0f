import type { AttentionSite } from '../protocol/model.ts';
import type { Graph, ModelIndex } from '../onnx/model-index.ts';
import { Facts } from './facts.ts';
import type { FlatNode, Step } from './flat-node.ts';
import { flattenGraph, functionsOf } from './flatten.ts';
import type { Finding } from './form.ts';
import { forms } from './forms.ts';
import { pathOf } from './naming.ts';
import { pathOfName } from './module-path.ts';
import { Scope } from './scope.ts';

/** Subgraphs stand in subgraphs; no exporter nests deeper. */
const DEEPEST = 24;

/**
 * Finds every place in the model where attention happens, in graph order, local functions and subgraphs included.
 * Never throws on a well-formed index, whatever the graph: what could not be worked out is said in a site's notes.
 */
export function findSites(index: ModelIndex): AttentionSite[] {
	const functions = functionsOf(index);
	const opset =
		index.opsets.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 13;
	const findings: Finding[] = [];
	visit(index.graph, [], null, null, 0);
	return named(findings);

	function visit(
		graph: Graph,
		trail: readonly Step[],
		owner: FlatNode | null,
		parent: Facts | null,
		depth: number,
	) {
		const flat = flattenGraph(graph, functions, trail, owner);
		const facts = new Facts(new Scope(flat, parent?.scope ?? null, opset), parent);
		const here = forms.flatMap((form) => form.find(facts));
		const byNode = new Map<FlatNode, Finding[]>();
		for (const finding of here)
			byNode.set(finding.node, [...(byNode.get(finding.node) ?? []), finding]);
		for (const node of flat.nodes) {
			findings.push(...(byNode.get(node) ?? []));
			if (depth < DEEPEST) enter(node, facts, depth + 1);
		}
	}

	function enter(node: FlatNode, facts: Facts, depth: number) {
		for (const [name, attribute] of node.attributes) {
			const graphs =
				attribute.kind === 'graph'
					? [attribute.value]
					: attribute.kind === 'graphs'
						? attribute.value
						: [];
			for (const graph of graphs)
				visit(graph, [...node.trail, branch(node, name)], node, facts, depth);
		}
	}
}

const branch = (node: FlatNode, attribute: string): Step => ({
	kind: 'branch',
	label: `${node.name.replace(/^.*\//, '') || node.opType}.${attribute}`,
	path: pathOfName(node.name),
	callee: '',
});

function named(findings: readonly Finding[]): AttentionSite[] {
	const taken = new Map<string, number>();
	return findings.map(({ site, node }, layer) => {
		const path = pathOf(node);
		const base = path || `layer-${layer}`;
		const times = taken.get(base) ?? 0;
		taken.set(base, times + 1);
		const inside = node.index === null;
		const note = 'its tensors stand inside a function or subgraph and cannot be read from outside';
		return {
			...site,
			id: times === 0 ? base : `${base}#${times + 1}`,
			layer,
			path,
			node: node.index,
			nodeName: node.name,
			notes: inside ? [...site.notes, note] : site.notes,
		};
	});
}
