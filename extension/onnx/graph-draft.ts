import { wholeOf } from './field-ranges.ts';
import type { Field } from './fields.ts';
import type {
	Attribute,
	ByteRange,
	ConstantTensor,
	Graph,
	GraphNode,
	LocalFunction,
	ValueInfo,
} from './model-index.ts';

/** What most nodes have of attributes or metadata: shared, so never to be written to. */
export const NOTHING = new Map<string, never>();

/** A graph that is still growing: a file may give its graph in pieces, which add up. */
export interface GraphDraft extends Graph {
	name: string;
	readonly nodes: NodeDraft[];
	readonly inputs: ValueInfo[];
	readonly outputs: ValueInfo[];
	readonly initializers: Map<string, ConstantTensor>;
	readonly valueInfo: Map<string, ValueInfo>;
	readonly metadata: Map<string, string>;
}

export interface NodeDraft extends GraphNode {
	name: string;
	opType: string;
	domain: string;
	readonly inputs: string[];
	readonly outputs: string[];
	attributes: Map<string, Attribute>;
	docString: string;
	metadata: Map<string, string>;
	readonly outputNames: ByteRange[];
	field?: ByteRange;
}

export interface FunctionDraft extends LocalFunction {
	domain: string;
	name: string;
	overload: string;
	readonly inputs: string[];
	readonly outputs: string[];
	readonly nodes: NodeDraft[];
	attributes: Map<string, Attribute>;
	docString: string;
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

/** @param whole the field that holds the node */
export function emptyNode(whole: Field): NodeDraft {
	const node: NodeDraft = {
		name: '',
		opType: '',
		domain: '',
		inputs: [],
		outputs: [],
		attributes: NOTHING,
		docString: '',
		metadata: NOTHING,
		outputNames: [],
	};
	const field = wholeOf(whole);
	if (field) node.field = field;
	return node;
}

export function emptyFunction(): FunctionDraft {
	return {
		domain: '',
		name: '',
		overload: '',
		inputs: [],
		outputs: [],
		nodes: [],
		attributes: NOTHING,
		docString: '',
		metadata: new Map(),
	};
}
