import { Facts } from '../../extension/attention/facts.ts';
import { flattenGraph } from '../../extension/attention/flatten.ts';
import { Scope } from '../../extension/attention/scope.ts';
import type {
	Attribute,
	ConstantTensor,
	Dimension,
	Graph,
	GraphNode,
	LocalFunction,
	ModelIndex,
	ValueInfo,
} from '../../extension/onnx/model-index.ts';

/** A model with the same meaning, written otherwise. */
export type Mutation = (index: ModelIndex) => ModelIndex;

/** What a graph or a function's body is made of. */
interface Body {
	readonly nodes: readonly GraphNode[];
	readonly initializers: ReadonlyMap<string, ConstantTensor>;
}

/** Changes every graph of the model, subgraphs first, and the bodies of its local functions. */
function everywhere(
	index: ModelIndex,
	change: (body: Body) => Body,
	alter: (graph: Graph) => Graph = (graph) => graph,
): ModelIndex {
	const inNode = (node: GraphNode): GraphNode => {
		const attributes = [...node.attributes].map(([name, attribute]): [string, Attribute] => {
			if (attribute.kind === 'graph')
				return [name, { kind: 'graph', value: inGraph(attribute.value) }];
			if (attribute.kind === 'graphs')
				return [name, { kind: 'graphs', value: attribute.value.map(inGraph) }];
			return [name, attribute];
		});
		return { ...node, attributes: new Map(attributes) };
	};
	const inGraph = (graph: Graph): Graph =>
		alter({
			...graph,
			...change({ nodes: graph.nodes.map(inNode), initializers: graph.initializers }),
		});
	const inFunction = (local: LocalFunction): LocalFunction => ({
		...local,
		nodes: change({ nodes: local.nodes.map(inNode), initializers: new Map() }).nodes,
	});
	return { ...index, graph: inGraph(index.graph), functions: index.functions.map(inFunction) };
}

const changedNodes = (index: ModelIndex, change: (node: GraphNode) => GraphNode[]): ModelIndex =>
	everywhere(index, (body) => ({ ...body, nodes: body.nodes.flatMap(change) }));

const isFloat = (dtype: string) => /float/.test(dtype);
const bytesOf = ({ dims }: ConstantTensor) => 4 * dims.reduce((a, b) => a * b, 1);

/** Weights lie in a file that is not there. */
export const weightsElsewhere: Mutation = (index) =>
	everywhere(index, ({ nodes, initializers }) => ({
		nodes,
		initializers: new Map(
			[...initializers].map(([name, tensor]) => [
				name,
				bytesOf(tensor) <= 1024
					? tensor
					: {
							...tensor,
							data: null,
							values: null,
							external: { location: 'absent.bin', offset: 0, length: null },
						},
			]),
		),
	}));

export const nodesUnnamed: Mutation = (index) =>
	changedNodes(index, (node) => [
		{ ...node, name: '', docString: '', metadata: new Map<string, string>() },
	]);

/** What a file declares of values in between and of its outputs' shapes is left out. */
export const shapesUndeclared: Mutation = (index) => {
	const bare = everywhere(
		index,
		(body) => body,
		(graph) => ({ ...graph, valueInfo: new Map() }),
	);
	const outputs = bare.graph.outputs.map((output) => ({ ...output, shape: null }));
	return { ...bare, graph: { ...bare.graph, outputs } };
};

export const weightsAsConstantNodes: Mutation = (index) => {
	const inputs = new Set(index.graph.inputs.map(({ name }) => name));
	return everywhere(index, ({ nodes, initializers }) => ({
		initializers: new Map([...initializers].filter(([name]) => inputs.has(name))),
		nodes: [
			...[...initializers]
				.filter(([name]) => !inputs.has(name))
				.map(([name, value]) =>
					made('Constant', [], [name], [['value', { kind: 'tensor', value }]]),
				),
			...nodes,
		],
	}));
};

export const constantNodesAsWeights: Mutation = (index) => {
	const { nodes } = index.graph;
	const tensorOf = (node: GraphNode) => {
		const value = node.attributes.get('value');
		return node.opType === 'Constant' && value?.kind === 'tensor' ? value.value : undefined;
	};
	const found = nodes.flatMap((node) => {
		const [name, tensor] = [node.outputs[0]!, tensorOf(node)];
		return tensor ? [[name, { ...tensor, name }] as const] : [];
	});
	return {
		...index,
		graph: {
			...index.graph,
			nodes: nodes.filter((node) => !tensorOf(node)),
			initializers: new Map([...index.graph.initializers, ...found]),
		},
	};
};

/** Nodes in another order that computes the same: of those that may stand next, a seeded one does. */
export const nodesInAnotherOrder: Mutation = (index) =>
	everywhere(index, ({ nodes, initializers }) => {
		const producer = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
		const users = new Map<GraphNode, GraphNode[]>();
		const missing = new Map<GraphNode, number>();
		for (const node of nodes) {
			const needs = new Set(readBy(node).flatMap((name) => producer.get(name) ?? []));
			needs.delete(node);
			missing.set(node, needs.size);
			for (const need of needs) users.set(need, [...(users.get(need) ?? []), node]);
		}
		const ready = nodes.filter((node) => missing.get(node) === 0);
		const ordered: GraphNode[] = [];
		const random = seeded(7);
		while (ready.length > 0) {
			const [next] = ready.splice(random(ready.length), 1) as [GraphNode];
			ordered.push(next);
			for (const user of users.get(next) ?? []) {
				missing.set(user, missing.get(user)! - 1);
				if (missing.get(user) === 0) ready.push(user);
			}
		}
		return { nodes: ordered, initializers };
	});

/** Names that a node's inputs and its subgraphs read. */
function readBy(node: GraphNode): string[] {
	const inside = [...node.attributes.values()].flatMap((attribute) => {
		const graphs =
			attribute.kind === 'graph'
				? [attribute.value]
				: attribute.kind === 'graphs'
					? attribute.value
					: [];
		return graphs.flatMap((graph) => [
			...graph.nodes.flatMap(readBy),
			...graph.outputs.map(({ name }) => name),
		]);
	});
	return [...node.inputs, ...inside];
}

/** A copy stands on every edge. */
export const copiesOnEdges: Mutation = (index) => onEdges(index, () => made('Identity', [], []));

/** Where the type is known to be float, a cast to what it is already stands on the edge. */
export const castsOnEdges: Mutation = (index) => {
	const dtypes = dtypesOf(index);
	return onEdges(index, (name) =>
		dtypes(name) === 'float32'
			? made('Cast', [], [], [['to', { kind: 'int', value: 1 }]])
			: undefined,
	);
};

function onEdges(index: ModelIndex, between: (name: string) => GraphNode | undefined): ModelIndex {
	let count = 0;
	return changedNodes(index, (node) => {
		const placed: GraphNode[] = [];
		const inputs = node.inputs.map((name) => {
			const copy = name === '' ? undefined : between(name);
			if (!copy) return name;
			const output = `${name}:copy${count++}`;
			placed.push({ ...copy, inputs: [name], outputs: [output] });
			return output;
		});
		return [...placed, { ...node, inputs }];
	});
}

const weighted = new Set(['MatMul', 'Gemm', 'Conv', 'Einsum']);

/** Weights are integers that a dequantiser turns back. */
export const weightsQuantised: Mutation = (index) => {
	let count = 0;
	return everywhere(index, ({ nodes, initializers }) => {
		const kept = new Map(initializers);
		const result = nodes.flatMap((node) => {
			if (!weighted.has(node.opType)) return [node];
			const before: GraphNode[] = [];
			const inputs = node.inputs.map((name) => {
				const tensor = initializers.get(name);
				if (!tensor || !isFloat(tensor.dtype) || tensor.dims.length < 2) return name;
				const [q, scale, back] = ['q', 'scale', 'back'].map((part) => `${name}:${part}${count}`) as [string, string, string]; // prettier-ignore
				count++;
				kept.set(q, { ...tensor, name: q, dtype: 'int8', values: null });
				kept.set(scale, {
					name: scale,
					dtype: 'float32',
					dims: [],
					data: null,
					external: null,
					values: [0.01],
				});
				before.push(made('DequantizeLinear', [q, scale], [back]));
				return back;
			});
			return [...before, { ...node, inputs }];
		});
		return { nodes: result, initializers: kept };
	});
};

/** Every float that enters a product, a sum or a softmax is quantised and turned back. */
export const activationsQuantised: Mutation = (index) => {
	const dtypes = dtypesOf(index);
	const wrapped = new Set([...weighted, 'Softmax', 'Add', 'Mul']);
	let count = 0;
	const initializers = new Map([
		...index.graph.initializers,
		[
			'quantiser:scale',
			{
				name: 'quantiser:scale',
				dtype: 'float32',
				dims: [],
				data: null,
				external: null,
				values: [0.01],
			},
		],
	]);
	const next = changedNodes(index, (node) => {
		if (!wrapped.has(node.opType)) return [node];
		const before: GraphNode[] = [];
		const inputs = node.inputs.map((name) => {
			if (index.graph.initializers.has(name) || dtypes(name) !== 'float32') return name;
			const [q, back] = [`${name}:q${count}`, `${name}:back${count}`];
			count++;
			before.push(
				made('QuantizeLinear', [name, 'quantiser:scale'], [q]),
				made('DequantizeLinear', [q, 'quantiser:scale'], [back]),
			);
			return back;
		});
		return [...before, { ...node, inputs }];
	});
	return { ...next, graph: { ...next.graph, initializers } };
};

/** Sizes in place of the symbols, unlike each other and unlike the weights' sizes. */
export const sizesFixed: Mutation = (index) => {
	const sizes = new Map<string, number>();
	const primes = [11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53];
	const known: Readonly<Record<string, number>> = { batch: 2, rows: 2 };
	const sizeOf = (symbol: string): number => {
		if (known[symbol] !== undefined) return known[symbol];
		if (!sizes.has(symbol)) sizes.set(symbol, primes[sizes.size % primes.length]!);
		return sizes.get(symbol)!;
	};
	return redimensioned(index, (dim) => {
		if (typeof dim !== 'string') return dim;
		const parts = dim.split('+').map((part) => part.trim());
		return parts.reduce((sum, part) => sum + (Number(part) || sizeOf(part)), 0);
	});
};

/** Every free axis has a name of its own, as an exporter gives it that was told of no names. */
export const sizesOfTheirOwn: Mutation = (index) =>
	redimensioned(index, (dim, name, axis) =>
		typeof dim === 'string' ? `${name.replace(/\W/g, '_')}_dynamic_axes_${axis}` : dim,
	);

/** Free axes without any name. */
export const sizesUnsaid: Mutation = (index) =>
	redimensioned(index, (dim) => (typeof dim === 'string' ? null : dim));

function redimensioned(
	index: ModelIndex,
	change: (dim: Dimension, name: string, axis: number) => Dimension,
): ModelIndex {
	const info = (value: ValueInfo): ValueInfo => ({
		...value,
		shape: value.shape && value.shape.map((dim, axis) => change(dim, value.name, axis)),
	});
	const bare = shapesUndeclared(index);
	return { ...bare, graph: { ...bare.graph, inputs: bare.graph.inputs.map(info) } };
}

/** Every value is a number, from one on; inputs too. */
export function valuesNumbered(index: ModelIndex): {
	index: ModelIndex;
	written: (name: string) => string;
} {
	const numbers = new Map<string, string>();
	const back = new Map<string, string>();
	const rename = (name: string) => {
		if (name === '') return '';
		if (!numbers.has(name)) {
			numbers.set(name, String(numbers.size + 1));
			back.set(numbers.get(name)!, name);
		}
		return numbers.get(name)!;
	};
	const info = (value: ValueInfo): ValueInfo => ({ ...value, name: rename(value.name) });
	const byName = <T extends { readonly name: string }>(map: ReadonlyMap<string, T>) =>
		new Map([...map].map(([name, value]) => [rename(name), { ...value, name: rename(name) }]));
	const changed = everywhere(
		index,
		({ nodes, initializers }) => ({
			initializers: byName(initializers),
			nodes: nodes.map((node) => ({
				...node,
				inputs: node.inputs.map(rename),
				outputs: node.outputs.map(rename),
			})),
		}),
		(graph) => ({
			...graph,
			inputs: graph.inputs.map(info),
			outputs: graph.outputs.map(info),
			valueInfo: byName(graph.valueInfo),
		}),
	);
	const functions = changed.functions.map((local) => ({
		...local,
		inputs: local.inputs.map(rename),
		outputs: local.outputs.map(rename),
	}));
	const plain = (name: string) => back.get(name) ?? name;
	// values inside an inlined function are `<call>/<value>`
	const written = (name: string) =>
		name
			.split('/')
			.map((part, at, all) => (at === all.length - 1 ? plain(part) : part))
			.join('/');
	return { index: { ...changed, functions }, written };
}

function dtypesOf(index: ModelIndex): (name: string) => string | null {
	const facts = new Facts(
		new Scope(flattenGraph(index.graph, new Map(), [], null), null, 13),
		null,
	);
	return (name) => facts.dtypeOf(name);
}

function made(
	opType: string,
	inputs: readonly string[],
	outputs: readonly string[],
	attributes: readonly (readonly [string, Attribute])[] = [],
): GraphNode {
	return {
		name: '',
		opType,
		domain: '',
		inputs,
		outputs,
		attributes: new Map(attributes),
		docString: '',
		metadata: new Map(),
		outputNames: [],
	};
}

function seeded(seed: number): (below: number) => number {
	let state = seed;
	return (below) => (state = (state * 1103515245 + 12345) & 0x7fffffff) % below;
}
