import type {
	Attribute,
	Graph,
	GraphNode,
	LocalFunction,
	ModelIndex,
} from '../onnx/model-index.ts';
import type { FlatNode, Step } from './flat-node.ts';
import { pathOfName } from './module-path.ts';
import { withPlainOperators } from './quantised-operators.ts';
import { withoutCopies } from './without-copies.ts';

/** Functions may call functions; deeper nesting than any exporter writes ends the inlining. */
const DEEPEST = 32;
const MOST_NODES = 2_000_000;

type Functions = ReadonlyMap<string, LocalFunction>;

/** A graph with its calls of local functions replaced by their bodies. */
export interface FlatGraph {
	readonly graph: Graph;
	readonly nodes: readonly FlatNode[];
	readonly trail: readonly Step[];
}

interface Call {
	readonly named: (name: string) => string;
	readonly prefix: string;
	readonly attributes: ReadonlyMap<string, Attribute>;
	readonly trail: readonly Step[];
	readonly index: number | null;
}

export function functionsOf(model: ModelIndex): Functions {
	return new Map(model.functions.map((f) => [keyOf(f.domain, f.name), f]));
}

/**
 * Nodes of `graph` in order; a call's inner values are named `<call>/<value>`.
 *
 * @param owner the node whose subgraph this is; null for the model's main graph
 * @param around types of the values of the graph that the owner stands in
 */
export function flattenGraph(
	graph: Graph,
	functions: Functions,
	trail: readonly Step[],
	owner: FlatNode | null,
	around: (name: string) => string | null = () => null,
): FlatGraph {
	const nodes: FlatNode[] = [];
	const calls = { count: 0 };
	const named = owner ? capturing(graph, owner) : asWritten;
	const attributes = owner ? owner.given : new Map<string, Attribute>();
	graph.nodes.forEach((node, position) => {
		place(node, { named, prefix: '', attributes, trail, index: owner ? null : position }, 0);
	});
	const read = withoutCopies(nodes, graph, owner ? enteredTypes(graph, owner, around) : around);
	return { graph, nodes: withPlainOperators(read, graph.initializers), trail };

	function place(node: GraphNode, call: Call, depth: number): void {
		if (nodes.length >= MOST_NODES) return;
		const placed = placeNode(node, call);
		const callee = calleeOf(node, functions);
		if (!callee || depth >= DEEPEST || isOpen(callee, call.trail)) {
			nodes.push(placed);
			return;
		}
		const label = node.name || `${callee.name}#${calls.count}`;
		const prefix = `${call.prefix}${label}~${calls.count++}/`;
		const inner: Call = {
			named: boundary(callee, placed, prefix),
			prefix,
			attributes: new Map([...callee.attributes, ...placed.attributes]),
			trail: [...call.trail, stepInto(node, callee)],
			index: null,
		};
		for (const child of callee.nodes) place(child, inner, depth + 1);
	}
}

/** What goes round in a loop has the type that it is given with. */
function enteredTypes(graph: Graph, owner: FlatNode, around: (name: string) => string | null) {
	const given = new Map(graph.inputs.map(({ name }, at) => [name, owner.inputs[at] ?? '']));
	return (name: string) => around(given.get(name) ?? name);
}

/** A function that is being inlined already: calling itself it would never end. */
function isOpen({ domain, name }: LocalFunction, trail: readonly Step[]): boolean {
	return trail.some((step) => step.kind === 'call' && step.callee === `${domain}::${name}`);
}

function stepInto(node: GraphNode, callee: LocalFunction): Step {
	return {
		kind: 'call',
		label: node.name || callee.name,
		path: pathOfName(node.name),
		callee: `${callee.domain}::${callee.name}`,
	};
}

function placeNode(node: GraphNode, call: Call): FlatNode {
	const { named, index, trail } = call;
	const plain = named === asWritten && call.attributes.size === 0;
	const renamed = (names: readonly string[]) =>
		plain ? names : names.map((name) => (name === '' ? '' : named(name)));
	// field by field: a spread of a hundred thousand nodes costs half a second
	return {
		name: node.name,
		opType: node.opType,
		domain: node.domain,
		inputs: renamed(node.inputs),
		outputs: renamed(node.outputs),
		attributes: plain ? node.attributes : resolved(node.attributes, call.attributes),
		docString: node.docString,
		metadata: node.metadata,
		index,
		trail,
		named,
		given: call.attributes,
	};
}

const asWritten = (name: string) => name;

/** Formal names to the caller's, inner names to unique ones; a formal input without an actual one is left out. */
function boundary(callee: LocalFunction, caller: FlatNode, prefix: string) {
	const actual = new Map<string, string>();
	callee.inputs.forEach((formal, at) => actual.set(formal, caller.inputs[at] ?? ''));
	callee.outputs.forEach((formal, at) => {
		const name = caller.outputs[at];
		if (name) actual.set(formal, name);
	});
	return (name: string) => actual.get(name) ?? prefix + name;
}

/** A subgraph's own names stay; names captured from around it are the owner's. */
function capturing(graph: Graph, owner: FlatNode) {
	const own = new Set([...graph.inputs.map((i) => i.name), ...graph.initializers.keys()]);
	for (const node of graph.nodes) for (const output of node.outputs) own.add(output);
	return (name: string) => (own.has(name) ? name : owner.named(name));
}

function resolved(
	attributes: ReadonlyMap<string, Attribute>,
	given: ReadonlyMap<string, Attribute>,
): ReadonlyMap<string, Attribute> {
	if (![...attributes.values()].some(({ kind }) => kind === 'reference')) return attributes;
	const entries = [...attributes].flatMap(([name, attribute]) => {
		if (attribute.kind !== 'reference') return [[name, attribute] as const];
		const value = given.get(attribute.value);
		return value ? [[name, value] as const] : [];
	});
	return new Map(entries);
}

function calleeOf(node: GraphNode, functions: Functions): LocalFunction | undefined {
	return functions.size === 0 ? undefined : functions.get(keyOf(node.domain, node.opType));
}

const keyOf = (domain: string, name: string) => `${domain === 'ai.onnx' ? '' : domain}\n${name}`;
