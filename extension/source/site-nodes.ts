import type { Graph, GraphNode, LocalFunction, ModelIndex } from '../onnx/model-index.ts';
import type { AttentionSite, DerivedNode } from '../protocol/model.ts';

/** What a fused operator hides is derived by some forty nodes. */
const MOST_BEHIND = 120;

type Producers = Map<string, GraphNode>;

/** Finds the nodes of a model that a site is made of, wherever they stand. */
export class SiteNodes {
	private readonly outside: Producers = new Map();
	private readonly inside = new Map<LocalFunction, Producers>();
	/** Names of weights, by what they are called where they are used. */
	readonly weights = new Set<string>();

	constructor(private readonly index: ModelIndex) {
		this.addGraph(index.graph, this.outside);
		for (const f of index.functions) {
			const own: Producers = new Map();
			this.inside.set(f, own);
			for (const node of f.nodes) this.addNode(node, own);
		}
	}

	/** The node that mixes first, then those of the site's other tensors. */
	of(site: AttentionSite): GraphNode[] {
		const main = site.node === null ? undefined : this.index.graph.nodes[site.node];
		const others = roles.map((role) => this.producerOf(site.tensors[role]?.name ?? ''));
		return [...new Set([main, ...others])].filter((node) => node !== undefined);
	}

	producerOf(tensor: string): GraphNode | undefined {
		return this.outside.get(tensor) ?? this.placeOf(tensor).producer;
	}

	/** The local functions that a site stands in, the innermost first. */
	functionsAround(site: AttentionSite): LocalFunction[] {
		const names = roles.flatMap((role) => site.tensors[role]?.name ?? []);
		const inlined = names.find((name) => inlinedCall.test(name));
		return inlined === undefined
			? []
			: this.placeOf(inlined)
					.around.map(({ callee }) => callee)
					.reverse();
	}

	/** Weights met going back from a tensor of a site, also through what a probe would derive it by, the nearest first. */
	weightsBehind(tensor: string, { derived }: Pick<AttentionSite, 'derived'>): string[] {
		const found: string[] = [];
		const queue = [tensor];
		const seen = new Set(queue);
		for (let at = 0; at < queue.length && at < MOST_BEHIND; at++) {
			const name = queue[at]!;
			if (this.weights.has(name)) found.push(name);
			for (const input of this.inputsBehind(name, derived ?? [])) {
				if (input === '' || seen.has(input)) continue;
				seen.add(input);
				queue.push(input);
			}
		}
		return found;
	}

	/** Inputs of the node that makes a tensor, by the names that they have in the whole graph. */
	private inputsBehind(tensor: string, derived: readonly DerivedNode[]): readonly string[] {
		const made = derived.find(({ outputs }) => outputs.includes(tensor));
		if (made) return made.inputs;
		const own = this.outside.get(tensor);
		if (own) return own.inputs;
		const { around, producer } = this.placeOf(tensor);
		return producer?.inputs.map((input) => outward(input, around)) ?? [];
	}

	/** Where a tensor stands whose name is that of an inlined function's, `<call>~<count>/<call>~<count>/<name>`. */
	private placeOf(tensor: string): { around: Entered[]; producer: GraphNode | undefined } {
		const around: Entered[] = [];
		let name = tensor;
		for (let call = inlinedCall.exec(name); call; call = inlinedCall.exec(name)) {
			const [label = '', caller = ''] = call;
			const entered = this.enter(caller, around.at(-1)?.callee);
			if (!entered) break;
			around.push({ ...entered, label });
			name = name.slice(label.length);
		}
		const inner = around.at(-1)?.callee;
		if (inner) return { around, producer: this.inside.get(inner)?.get(name) };
		// a subgraph of a function keeps the names that it has there
		const producers = [...this.inside.values()].find((own) => own.has(name));
		return { around, producer: producers?.get(name) };
	}

	/** The function that a node calls, by the node's name. */
	private enter(caller: string, around: LocalFunction | undefined) {
		// a node without a name is called by its function's and a number
		const unnamed = /^(.*)#\d+$/.exec(caller)?.[1];
		const among = (around && this.inside.get(around)) ?? this.outside;
		for (const node of among.values()) {
			if (node.name !== caller && (node.name !== '' || node.opType !== unnamed)) continue;
			const callee = this.index.functions.find(
				({ domain, name }) => domain === node.domain && name === node.opType,
			);
			if (callee) return { callee, node };
		}
		return undefined;
	}

	/** Every node of the main graph, of its subgraphs and of local functions. */
	all(): Iterable<GraphNode> {
		return new Set([this.outside, ...this.inside.values()].flatMap((part) => [...part.values()]));
	}

	private addGraph(graph: Graph, among: Producers): void {
		for (const name of graph.initializers.keys()) this.weights.add(name);
		for (const node of graph.nodes) this.addNode(node, among);
	}

	private addNode(node: GraphNode, among: Producers): void {
		// some exporters keep weights as nodes
		if (node.opType === 'Constant' && node.domain === '') {
			for (const output of node.outputs) if (/\w[./]\w/.test(output)) this.weights.add(output);
		}
		for (const output of node.outputs) {
			if (output && !among.has(output)) among.set(output, node);
		}
		for (const attribute of node.attributes.values()) {
			if (attribute.kind === 'graph') this.addGraph(attribute.value, among);
			else if (attribute.kind === 'graphs')
				attribute.value.forEach((graph) => this.addGraph(graph, among));
		}
	}
}

const roles = ['weights', 'scores', 'output', 'q', 'k', 'v'];

const inlinedCall = /^(.*?)~\d+\//;

/** A local function that a node calls. */
interface Entered {
	readonly callee: LocalFunction;
	readonly node: GraphNode;
	/** What the names of its values begin with. */
	readonly label: string;
}

/** A name as a function writes it, turned into the one that it has in the whole graph. */
function outward(name: string, around: readonly Entered[]): string {
	const inner = around.at(-1);
	if (!inner) return name;
	const formal = inner.callee.inputs.indexOf(name);
	if (formal >= 0) return outward(inner.node.inputs[formal] ?? '', around.slice(0, -1));
	return around.map(({ label }) => label).join('') + name;
}
