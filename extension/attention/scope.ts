import type { ConstantTensor, Graph, ValueInfo } from '../onnx/model-index.ts';
import { floatOf, intOf, intsOf, isStandard, type FlatNode, type Step } from './flat-node.ts';
import type { FlatGraph } from './flatten.ts';

/** Where values come from and go to in one graph; names of the graphs around it are seen too. */
export class Scope {
	readonly nodes: readonly FlatNode[];
	readonly trail: readonly Step[];
	readonly graph: Graph;
	private readonly producers = new Map<string, FlatNode>();
	private readonly consumers = new Map<string, FlatNode[]>();
	private readonly inputs: ReadonlyMap<string, ValueInfo>;
	private readonly fixed = new Map<string, boolean>();
	private readonly sized = new Set<string>();

	constructor(
		flat: FlatGraph,
		readonly parent: Scope | null,
		/** Version of the standard operator set. */
		readonly opset: number,
		/** The node whose subgraph this is; null for the main graph. */
		readonly owner: FlatNode | null = null,
	) {
		this.graph = flat.graph;
		this.nodes = flat.nodes;
		this.trail = flat.trail;
		this.inputs = new Map(flat.graph.inputs.map((input) => [input.name, input]));
		for (const node of flat.nodes) {
			for (const output of node.outputs) if (output) this.producers.set(output, node);
			if (node.copies) continue;
			for (const input of node.inputs) if (input) this.addConsumer(input, node);
		}
		this.markFixed();
	}

	producerOf(name: string): FlatNode | undefined {
		const producer = this.producers.get(name);
		if (producer || !this.parent || this.declares(name)) return producer;
		return this.parent.producerOf(name);
	}

	/** Nodes of this graph that read `name`, in graph order. */
	consumersOf(name: string): readonly FlatNode[] {
		return this.consumers.get(name) ?? [];
	}

	/** A graph input that is fed from outside: weights listed among the inputs are none. */
	inputOf(name: string): ValueInfo | undefined {
		if (this.producers.has(name) || this.graph.initializers.has(name)) return undefined;
		return this.inputs.get(name) ?? this.parent?.inputOf(name);
	}

	/** An initializer or the value of a Constant node. */
	constantOf(name: string): ConstantTensor | undefined {
		const node = this.producers.get(name);
		if (node) return node.opType === 'Constant' ? constantValue(node) : undefined;
		const initializer = this.graph.initializers.get(name);
		if (initializer) return initializer;
		return this.inputs.has(name) ? undefined : this.parent?.constantOf(name);
	}

	/** The only element of a one-element constant. */
	scalarOf(name: string): number | undefined {
		const values = this.constantOf(name)?.values;
		return values?.length === 1 ? values[0] : undefined;
	}

	/** Whether the value is the same for every input: weights, and what is computed from weights alone. */
	isConstant(name: string): boolean {
		const known = this.fixed.get(name);
		if (known !== undefined) return known;
		if (this.graph.initializers.has(name)) return true;
		return this.parent !== null && !this.declares(name) && this.parent.isConstant(name);
	}

	/** Whether the value follows from weights and from the sizes of inputs alone, as positions do. */
	isSized(name: string): boolean {
		if (this.isConstant(name) || this.sized.has(name)) return true;
		if (!this.parent || this.producers.has(name) || this.declares(name)) return false;
		return this.parent.isSized(name);
	}

	private declares(name: string): boolean {
		return this.inputs.has(name) || this.graph.initializers.has(name);
	}

	private addConsumer(name: string, node: FlatNode): void {
		const list = this.consumers.get(name);
		// one that is read twice by a node has it as consumer once
		if (list?.at(-1) === node) return;
		if (list) list.push(node);
		else this.consumers.set(name, [node]);
	}

	private followsFromSizes({ opType, inputs }: FlatNode): boolean {
		if (measuring.has(opType)) return true;
		if (inputs.length === 0 || opType.startsWith('Random')) return false;
		return inputs.every((input) => input === '' || this.isSized(input));
	}

	private markFixed(): void {
		for (const node of this.nodes) {
			const fixed =
				node.opType === 'Constant' ||
				(node.inputs.length > 0 &&
					!node.opType.startsWith('Random') &&
					node.inputs.every((input) => input === '' || this.isConstant(input)));
			for (const output of node.outputs) if (output) this.fixed.set(output, fixed);
			if (!fixed && this.followsFromSizes(node))
				for (const output of node.outputs) if (output) this.sized.add(output);
		}
	}
}

const measuring = new Set(['Shape', 'Size']);

function constantValue(node: FlatNode): ConstantTensor | undefined {
	const name = node.outputs[0] ?? '';
	const tensor = node.attributes.get('value');
	if (tensor?.kind === 'tensor') return { ...tensor.value, name };
	const scalar = floatOf(node, 'value_float') ?? intOf(node, 'value_int');
	const list = node.attributes.get('value_floats');
	const values = list?.kind === 'floats' ? list.value : intsOf(node, 'value_ints');
	const dtype = node.attributes.has('value_float') || list ? 'float32' : 'int64';
	const bare = { name, dtype, data: null, external: null };
	if (scalar !== undefined) return { ...bare, dims: [], values: [scalar] };
	return values ? { ...bare, dims: [values.length], values } : undefined;
}

/** Operators that pass their first input on unchanged, but for its dtype. */
const passing = new Set(['Identity', 'Cast', 'CastLike', 'Dropout']);

const MOST_COPIES = 32;

/** Nodes that read a value, a copy of it or the value in another dtype, each with the name it reads. */
export function readersOf(scope: Scope, name: string): { node: FlatNode; from: string }[] {
	const names = [name];
	const reads: { node: FlatNode; from: string }[] = [];
	for (let at = 0; at < names.length && at < MOST_COPIES; at++) {
		const from = names[at]!;
		for (const node of scope.consumersOf(from)) {
			reads.push({ node, from });
			const [output] = node.outputs;
			if (passing.has(node.opType) && isStandard(node) && node.inputs[0] === from && output)
				names.push(output);
		}
	}
	return reads;
}

/** The value behind copies and casts. */
export function behindCopies(scope: Scope, name: string): string {
	let current = name;
	for (let steps = 0; steps < 32; steps++) {
		const node = scope.producerOf(current);
		if (!node || !passing.has(node.opType) || !isStandard(node)) return current;
		current = node.inputs[0] ?? '';
	}
	return current;
}
