import type { Graph, ModelIndex } from '../onnx/model-index.ts';
import type { AttentionSite } from '../protocol/model.ts';
import { Facts } from './facts.ts';
import type { FlatNode, Step } from './flat-node.ts';
import { flattenGraph, functionsOf } from './flatten.ts';
import type { Finding } from './form.ts';
import { forms } from './forms.ts';
import { pathOfName } from './module-path.ts';
import { nameSites, type Placed } from './name-sites.ts';
import { Scope } from './scope.ts';
import { readSurroundings } from './surroundings.ts';

/** Subgraphs stand in subgraphs; no exporter nests deeper. */
const DEEPEST = 24;

const known = new WeakMap<ModelIndex, AttentionSite[]>();

/**
 * Finds every place in the model where attention happens, in graph order, local functions and subgraphs included.
 * Never throws on a well-formed index, whatever the graph: what could not be worked out is said in a site's notes.
 * The same list for the same index.
 */
export function findSites(index: ModelIndex): AttentionSite[] {
	const before = known.get(index);
	if (before) return before;
	const sites = sitesOf(index);
	known.set(index, sites);
	return sites;
}

function sitesOf(index: ModelIndex): AttentionSite[] {
	const functions = functionsOf(index);
	const opset =
		index.opsets.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 13;
	return nameSites(visit(index.graph, [], null, null, 0));

	/** What is found in a graph, in its order; what subgraphs hold comes where their nodes stand. */
	function visit(
		graph: Graph,
		trail: readonly Step[],
		owner: FlatNode | null,
		parent: Facts | null,
		depth: number,
	): Placed[] {
		const flat = flattenGraph(
			graph,
			functions,
			trail,
			owner,
			(name) => parent?.dtypeOf(name) ?? null,
		);
		const facts = new Facts(new Scope(flat, parent?.scope ?? null, opset, owner), parent);
		const found = foundIn(facts);
		const below: Placed[] = [];
		if (depth < DEEPEST) {
			for (const node of flat.nodes)
				if (hasGraphs(node)) below.push(...enter(node, facts, depth + 1));
		}
		// a loop is found from within, but stands here
		const here = [
			...found.filter(({ node }) => node !== owner),
			...below.filter((placed) => placed.facts === facts).map(({ finding }) => finding),
		];
		const placed = readSurroundings(here, facts).map((finding) => ({ finding, facts }));
		const upward = parent ? found.filter(({ node }) => node === owner) : [];
		return [
			...upward.map((finding) => ({ finding, facts: parent! })),
			...inOrder(flat.nodes, [...placed, ...below.filter((other) => other.facts !== facts)]),
		];
	}

	function enter(node: FlatNode, facts: Facts, depth: number): Placed[] {
		return [...node.attributes].flatMap(([name, attribute]) => {
			const { kind } = attribute;
			const graphs =
				kind === 'graph' ? [attribute.value] : kind === 'graphs' ? attribute.value : [];
			const trail = [...node.trail, branch(node, name)];
			return graphs.flatMap((graph) =>
				visit(graph, trail, node, facts, depth).map((placed) => ({
					...placed,
					at: placed.facts === facts ? undefined : node,
				})),
			);
		});
	}
}

function hasGraphs(node: FlatNode): boolean {
	for (const { kind } of node.attributes.values())
		if (kind === 'graph' || kind === 'graphs') return true;
	return false;
}

/** Findings in the order of the graph's nodes; those of a subgraph stand at the node that owns it. */
function inOrder(nodes: readonly FlatNode[], placed: readonly Placed[]): Placed[] {
	if (placed.length < 2) return [...placed];
	const position = new Map(nodes.map((node, at) => [node, at]));
	const of = ({ finding, at }: Placed) => position.get(at ?? finding.node) ?? 0;
	return [...placed].sort((a, b) => of(a) - of(b));
}

/** Findings of all forms in one graph; of two that share a product the form listed first has it. */
function foundIn(facts: Facts): Finding[] {
	const claimed = new Set<FlatNode>();
	return forms.flatMap((form) => {
		const found = form
			.find(facts)
			.filter(({ parts = [] }) => !parts.some((part) => claimed.has(part)));
		for (const { parts = [] } of found) for (const part of parts) claimed.add(part);
		return found;
	});
}

const branch = (node: FlatNode, attribute: string): Step => ({
	kind: 'branch',
	label: `${node.name.replace(/^.*\//, '') || node.opType}.${attribute}`,
	path: pathOfName(node.name),
	callee: '',
});
