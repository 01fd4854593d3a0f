import type { ConstantTensor, Graph, GraphNode, ValueInfo } from './model-index.ts';

/** A graph that is still growing: a file may give its graph in pieces, which add up. */
export interface GraphDraft extends Graph {
	name: string;
	readonly nodes: GraphNode[];
	readonly inputs: ValueInfo[];
	readonly outputs: ValueInfo[];
	readonly initializers: Map<string, ConstantTensor>;
	readonly valueInfo: Map<string, ValueInfo>;
	readonly metadata: Map<string, string>;
}

export function emptyGraph(): GraphDraft {
	return {
		name: '',
		nodes: [],
		inputs: [],
		outputs: [],
		initializers: new Map(),
		valueInfo: new Map(),
		metadata: new Map(),
	};
}
