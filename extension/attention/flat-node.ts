import type { Attribute } from '../onnx/model-index.ts';

/** One step into the model: the call of a local function or a branch of a node with subgraphs. */
export interface Step {
	readonly kind: 'call' | 'branch';
	/** What to show, such as `If_12.then_branch` or the called function's name. */
	readonly label: string;
	/** Module path that the names of the node entered give, or empty. */
	readonly path: string;
	/** Function entered, as `domain::name`; empty for a branch. */
	readonly callee: string;
}

/** A node with local functions inlined: its tensor names are unique in its scope. */
export interface FlatNode {
	readonly name: string;
	readonly opType: string;
	readonly domain: string;
	readonly inputs: readonly string[];
	readonly outputs: readonly string[];
	readonly attributes: ReadonlyMap<string, Attribute>;
	readonly docString: string;
	readonly metadata: ReadonlyMap<string, string>;
	/** Position in the model's main graph, or null inside a function or subgraph. */
	readonly index: number | null;
	readonly trail: readonly Step[];
	/** The scope's name for a name as the node's own graph or function writes it. */
	readonly named: (name: string) => string;
	/** Inputs that the graph quantises and turns back before the node reads them. */
	readonly quantised?: readonly string[];
	/** Its inputs with those that the graph quantises as they are when turned back. */
	readonly turned?: readonly string[];
	/** Whether it only copies: whoever reads its result is taken to read what it copies. */
	readonly copies?: boolean;
	/** Attributes of the call the node stands in, for references inside its subgraphs. */
	readonly given: ReadonlyMap<string, Attribute>;
}

export function intOf(node: FlatNode, name: string): number | undefined {
	const attribute = node.attributes.get(name);
	return attribute?.kind === 'int' ? attribute.value : undefined;
}

export function floatOf(node: FlatNode, name: string): number | undefined {
	const attribute = node.attributes.get(name);
	return attribute?.kind === 'float' || attribute?.kind === 'int' ? attribute.value : undefined;
}

export function intsOf(node: FlatNode, name: string): readonly number[] | undefined {
	const attribute = node.attributes.get(name);
	return attribute?.kind === 'ints' ? attribute.value : undefined;
}

export function stringOf(node: FlatNode, name: string): string | undefined {
	const attribute = node.attributes.get(name);
	return attribute?.kind === 'string' ? attribute.value : undefined;
}

/** Domains in which an operator of a standard name does what the standard one does. */
export const isStandard = (node: FlatNode): boolean =>
	node.domain === '' || node.domain === 'ai.onnx';
