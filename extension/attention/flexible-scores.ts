import type { Attribute, Graph, GraphNode, ValueInfo } from '../onnx/model-index.ts';
import type { AttentionSite } from '../protocol/model.ts';
import { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';
import { flattenGraph } from './flatten.ts';
import type { Fused } from './fused-node.ts';
import { Scope } from './scope.ts';
import { softmaxAttention } from './softmax-attention.ts';

/** What a flexible operator's subgraphs do to its scores and probabilities, as far as that was read. */
type Modified = Pick<AttentionSite, 'mask' | 'window' | 'softCap' | 'notes'>;

const CHANGED = {
	score_mod: 'its scores are changed by the subgraph score_mod',
	prob_mod: 'its probabilities are changed by the subgraph prob_mod',
	mask_mod: 'its scores are changed by the subgraph mask_mod',
} as const;

/**
 * Reads the graphs that an operator such as `FlexAttention` is given, by writing the operator out around them: a mask, a window
 * or a soft-cap that stands in one is that of the site. What is changed otherwise is said.
 */
export function modifiedScores(fused: Fused): Modified {
	const { node } = fused;
	const given = (Object.keys(CHANGED) as (keyof typeof CHANGED)[]).filter((name) =>
		node.attributes.has(name),
	);
	const plain: Modified = { mask: 'none', window: null, softCap: null, notes: [] };
	if (given.length === 0) return plain;
	const unread = given.map((name) => CHANGED[name]);
	const found = readWrittenOut(fused);
	if (!found) return { ...plain, notes: unread };
	const { mask, window, softCap } = found;
	const told = mask !== 'none' || softCap !== null;
	// a mask or cap says itself what becomes of the scores
	const notes = unread.filter((note) => note !== CHANGED.score_mod || !told);
	return { mask, window, softCap, notes };
}

function readWrittenOut({ node, facts }: Fused): Modified | null {
	const names = ['q', 'k', 'v'];
	const [q, k, v] = node.inputs.map((input) => facts.shapeOf(input));
	const inputs = [q, k, v].map((shape, at): ValueInfo => {
		// heads that share keys are told from the inputs; here each has its own
		const dims = shape?.map((dim, axis) => (axis === 1 ? (q?.[1] ?? null) : dim));
		const known = dims?.map((dim) => (typeof dim === 'number' ? dim : null));
		return { name: names[at]!, dtype: 'float32', shape: known ?? [null, null, null, null] };
	});
	const initializers = new Map(bodiesOf(node).flatMap(({ initializers: own }) => [...own]));
	const graph: Graph = {
		name: '',
		nodes: writtenOut(node),
		inputs,
		outputs: [],
		initializers,
		valueInfo: new Map(),
		metadata: new Map(),
	};
	const flat = flattenGraph(graph, new Map(), [], null);
	const scope = new Scope(flat, facts.scope, facts.scope.opset, null);
	return softmaxAttention.find(new Facts(scope, facts))[0]?.site ?? null;
}

function bodiesOf(node: FlatNode): Graph[] {
	return [bodyOf(node, 'score_mod'), bodyOf(node, 'prob_mod')].flatMap((body) => body ?? []);
}

function bodyOf({ attributes }: FlatNode, name: string): Graph | undefined {
	const held = attributes.get(name);
	return held?.kind === 'graph' ? held.value : undefined;
}

/** Its own names are none that a subgraph writes. */
function writtenOut(node: FlatNode): GraphNode[] {
	const nodes = [
		made('Transpose', ['k'], 'kᵀ', { perm: { kind: 'ints', value: [0, 1, 3, 2] } }),
		made('MatMul', ['q', 'kᵀ'], 'q·k'),
	];
	const through = (body: Graph | undefined, before: string): string => {
		if (!body) return before;
		nodes.push(made('Identity', [before], body.inputs[0]?.name ?? ''), ...body.nodes);
		return body.outputs[0]?.name ?? before;
	};
	const scores = through(bodyOf(node, 'score_mod'), 'q·k');
	nodes.push(made('Softmax', [scores], 'softmax(q·k)'));
	const weights = through(bodyOf(node, 'prob_mod'), 'softmax(q·k)');
	nodes.push(made('MatMul', [weights, 'v'], 'softmax(q·k)·v'));
	return nodes;
}

function made(
	opType: string,
	inputs: readonly string[],
	output: string,
	attributes: Readonly<Record<string, Attribute>> = {},
): GraphNode {
	return {
		name: opType,
		opType,
		domain: '',
		inputs,
		outputs: [output],
		attributes: new Map(Object.entries(attributes)),
		docString: '',
		metadata: new Map(),
		outputNames: [],
	};
}
