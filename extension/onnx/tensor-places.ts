import type { ByteRange, Graph, GraphNode, ModelIndex } from './model-index.ts';

/** Where a tensor of the main graph comes from. */
export type Place =
	| { readonly kind: 'input' }
	| { readonly kind: 'initializer'; readonly nameBytes: ByteRange | undefined }
	| {
			readonly kind: 'node';
			readonly node: GraphNode;
			readonly nameBytes: ByteRange | undefined;
	  };

/** The tensors of a model by name: those that can be reached from outside, and why the others cannot. */
export class TensorPlaces {
	/** Every name that means a value somewhere in the model, bodies of control flow included. */
	readonly names = new Set<string>();
	private readonly places = new Map<string, Place>();
	private readonly reasons = new Map<string, string>();

	constructor(index: ModelIndex) {
		const { graph } = index;
		for (const { name } of graph.inputs) this.places.set(name, { kind: 'input' });
		for (const { name, nameBytes } of graph.initializers.values()) {
			this.places.set(name, { kind: 'initializer', nameBytes });
		}
		for (const node of graph.nodes) this.addNode(node);
		this.addNames(graph, '');
		for (const { domain, name, nodes } of index.functions) {
			const inside = `the local function ${domain}::${name}`;
			for (const node of nodes) for (const output of node.outputs) this.explain(output, inside);
		}
	}

	/** Where the tensor is, or the reason why there is no reaching it. */
	find(tensor: string): Place | string {
		const place = this.places.get(tensor);
		const reason = this.reasons.get(tensor);
		if (place && !(reason !== undefined && place.kind === 'node')) return place;
		return reason ?? 'The model has no tensor of this name.';
	}

	private addNode(node: GraphNode): void {
		node.outputs.forEach((name, i) => {
			if (name === '') return;
			if (this.places.has(name)) {
				this.reasons.set(name, 'More than one node of the model computes a tensor of this name.');
			}
			this.places.set(name, { kind: 'node', node, nameBytes: node.outputNames[i] });
		});
	}

	private addNames(graph: Graph, inside: string): void {
		const add = (name: string) => {
			this.names.add(name);
			if (inside !== '') this.explain(name, inside);
		};
		for (const { name } of [...graph.inputs, ...graph.outputs]) add(name);
		for (const name of graph.initializers.keys()) add(name);
		for (const node of graph.nodes) {
			for (const name of node.inputs) this.names.add(name);
			for (const name of node.outputs) add(name);
			for (const [key, attribute] of node.attributes) {
				const { kind } = attribute;
				const bodies =
					kind === 'graph' ? [attribute.value] : kind === 'graphs' ? attribute.value : [];
				const label = `the ${key} of ${node.opType} ${JSON.stringify(node.name)}`;
				for (const body of bodies) this.addNames(body, label);
			}
		}
	}

	private explain(name: string, inside: string): void {
		if (this.places.has(name) || this.reasons.has(name)) return;
		const reason = `It is computed inside ${inside}, where nothing can be read or written from outside.`;
		this.reasons.set(name, reason);
	}
}
