import type { Graph, GraphNode, ModelIndex } from '../onnx/model-index.ts';
import type { LinearLayer, LookupTable } from '../protocol/model.ts';

/** A picture offers one of them at a time: more than these nobody scrolls through. */
const MOST = 400;

/** Operators that make one weight of another; what they do to its sizes is read from `shapeOf`. */
const SHAPE_KEEPING = new Set(['Cast', 'Mul', 'Div', 'DequantizeLinear', 'Identity']);

/** Linear layers and lookup tables of the main graph, with their sizes, from the graph alone. */
export function linearLayers({ graph }: ModelIndex): {
	linears: LinearLayer[];
	tables: LookupTable[];
} {
	const weights = new Weights(graph);
	const linears = graph.nodes.flatMap((node) => linearOf(node, weights) ?? []);
	const tables = new Map<string, LookupTable>();
	for (const node of graph.nodes) {
		const [name = ''] = node.inputs;
		const shape = node.opType === 'Gather' ? weights.shapeOf(name) : undefined;
		const [rows = 0, width = 0] = shape ?? [];
		if (shape?.length === 2 && rows > 1 && width > 1) tables.set(name, { name, rows, width });
	}
	return { linears: linears.slice(0, MOST), tables: [...tables.values()].slice(0, MOST) };
}

function linearOf(node: GraphNode, weights: Weights): LinearLayer | undefined {
	if (node.domain !== '' || (node.opType !== 'MatMul' && node.opType !== 'Gemm')) return undefined;
	const [input = '', weight = ''] = node.inputs;
	const [output = ''] = node.outputs;
	const shape = weights.shapeOf(weight);
	if (shape?.length !== 2 || weights.shapeOf(input)) return undefined;
	if (node.opType === 'Gemm' && flag(node, 'transA')) return undefined;
	const transposed = node.opType === 'Gemm' && flag(node, 'transB');
	const [first = 0, second = 0] = shape;
	if (first < 2 || second < 2) return undefined;
	const [inputs, outputs] = transposed ? [second, first] : [first, second];
	const path = node.name.includes('/') ? node.name.slice(0, node.name.lastIndexOf('/')) : '';
	return { name: node.name, path, input, weight, output, inputs, outputs, transposed };
}

function flag({ attributes }: GraphNode, name: string): boolean {
	const attribute = attributes.get(name);
	return attribute?.kind === 'int' && attribute.value === 1;
}

/** Sizes of weights, and of what is made from weights alone by operators that a weight is stored through. */
class Weights {
	private readonly producers = new Map<string, GraphNode>();

	constructor(private readonly graph: Graph) {
		for (const node of graph.nodes)
			for (const output of node.outputs) this.producers.set(output, node);
	}

	shapeOf(name: string, depth = 0): readonly number[] | undefined {
		const stored = this.graph.initializers.get(name);
		if (stored) return stored.dims;
		const node = this.producers.get(name);
		if (!node || depth > 8) return undefined;
		if (node.opType === 'Constant') {
			const value = node.attributes.get('value');
			return value?.kind === 'tensor' ? value.value.dims : undefined;
		}
		const inner = this.shapeOf(node.inputs[0] ?? '', depth + 1);
		if (!inner) return undefined;
		if (node.opType === 'Transpose' && inner.length === 2) return [inner[1]!, inner[0]!];
		if (!SHAPE_KEEPING.has(node.opType)) return undefined;
		const others = node.inputs.slice(1).filter((other) => other !== '');
		return others.every((other) => this.shapeOf(other, depth + 1)) ? inner : undefined;
	}
}
