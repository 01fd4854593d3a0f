import type { Graph, GraphNode, ModelIndex } from '../onnx/model-index.ts';
import type { AttentionSite } from '../protocol/model.ts';

/** Finds the nodes of a model that a site is made of, wherever they stand. */
export class SiteNodes {
	private readonly byOutput = new Map<string, GraphNode>();
	private readonly calls = new Map<string, { domain: string; name: string }>();
	/** Names of weights, by what they are called where they are used. */
	readonly weights = new Set<string>();

	constructor(private readonly index: ModelIndex) {
		this.addGraph(index.graph);
		for (const { domain, name, nodes } of index.functions) {
			for (const node of nodes) {
				this.addNode(node);
				for (const output of node.outputs) this.calls.set(output, { domain, name });
			}
		}
	}

	/** The node that mixes first, then those of the site's other tensors. */
	of(site: AttentionSite): GraphNode[] {
		const main = site.node === null ? undefined : this.index.graph.nodes[site.node];
		const roles = ['weights', 'scores', 'output', 'q', 'k', 'v'];
		const others = roles.map((role) => this.producerOf(site.tensors[role]?.name ?? ''));
		return [...new Set([main, ...others])].filter((node) => node !== undefined);
	}

	producerOf(tensor: string): GraphNode | undefined {
		return this.byOutput.get(tensor) ?? this.byOutput.get(inFunction(tensor));
	}

	/** The local function that a site stands in. */
	functionOf(site: AttentionSite): { domain: string; name: string } | undefined {
		const name = site.tensors['weights']?.name ?? site.tensors['output']?.name ?? '';
		return name.includes('~') ? this.calls.get(inFunction(name)) : undefined;
	}

	/** Weights met going back from a tensor, the nearest first. */
	weightsBehind(tensor: string): string[] {
		const found: string[] = [];
		const queue = [tensor];
		const seen = new Set(queue);
		for (let at = 0; at < queue.length && at < 60; at++) {
			const name = queue[at]!;
			if (this.weights.has(name)) found.push(name);
			for (const input of this.producerOf(name)?.inputs ?? []) {
				if (input === '' || seen.has(input)) continue;
				seen.add(input);
				queue.push(input);
			}
		}
		return found;
	}

	/** Every node of the main graph, of its subgraphs and of local functions. */
	all(): Iterable<GraphNode> {
		return new Set(this.byOutput.values());
	}

	private addGraph(graph: Graph): void {
		for (const name of graph.initializers.keys()) this.weights.add(name);
		for (const node of graph.nodes) this.addNode(node);
	}

	private addNode(node: GraphNode): void {
		// some exporters keep weights as nodes
		if (node.opType === 'Constant' && node.domain === '') {
			for (const output of node.outputs) if (/\w[./]\w/.test(output)) this.weights.add(output);
		}
		for (const output of node.outputs) {
			if (output && !this.byOutput.has(output)) this.byOutput.set(output, node);
		}
		for (const attribute of node.attributes.values()) {
			if (attribute.kind === 'graph') this.addGraph(attribute.value);
			else if (attribute.kind === 'graphs')
				attribute.value.forEach((graph) => this.addGraph(graph));
		}
	}
}

/** A name inside an inlined function is `<call>~<count>/<name>`. */
const inFunction = (tensor: string) =>
	tensor.slice(tensor.search(/~\d+\/(?!.*~\d+\/)/)).replace(/^~\d+\//, '');
