import type { Attribute, ConstantTensor, Graph, GraphNode, ModelIndex } from './model-index.ts';

/** A file with weights, and up to which byte the model reads it, as far as the model says. */
export interface ExternalNeed {
	/** Path in the model's folder, as written in the model. */
	readonly location: string;
	/** Bytes that the file must have at least. */
	readonly bytes: number;
}

/** The other files that a model's weights stand in, in the order they are first named. */
export function externalNeeds({ graph, functions }: ModelIndex): ExternalNeed[] {
	const needs = new Map<string, number>();
	const note = ({ external }: ConstantTensor) => {
		if (!external) return;
		const end = external.offset + (external.length ?? 0);
		needs.set(external.location, Math.max(needs.get(external.location) ?? 0, end));
	};
	const inGraph = ({ initializers, nodes }: Graph): void => {
		for (const tensor of initializers.values()) note(tensor);
		inNodes(nodes);
	};
	const inAttribute = (attribute: Attribute): void => {
		if (attribute.kind === 'tensor') note(attribute.value);
		if (attribute.kind === 'graph') inGraph(attribute.value);
		if (attribute.kind === 'graphs') attribute.value.forEach(inGraph);
	};
	const inNodes = (nodes: readonly GraphNode[]): void => {
		for (const { attributes } of nodes) for (const value of attributes.values()) inAttribute(value);
	};
	inGraph(graph);
	for (const { nodes } of functions) inNodes(nodes);
	return [...needs].map(([location, bytes]) => ({ location, bytes }));
}
