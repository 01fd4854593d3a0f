import type { ModelIndex } from '../onnx/model-index.ts';
import type { AttentionSite } from '../protocol/model.ts';
import type { TensorEntry, TensorSearch, TensorsFound } from '../protocol/tensors.ts';
import { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';
import { findSites } from './find-sites.ts';
import { flattenGraph, functionsOf } from './flatten.ts';
import { pathOf } from './naming.ts';
import { Scope } from './scope.ts';

const known = new WeakMap<ModelIndex, readonly TensorEntry[]>();

/** Whole numbers, truths and words are no activations. */
const NO_FLOAT = /int|bool|string|sequence|optional/;

/**
 * Every float tensor of the main graph that a run can read: those that depend on the input, in graph order, then those
 * that probes derive of what fused operators hide. A dtype that neither the file nor inference gives is empty.
 */
export function listTensors(index: ModelIndex): readonly TensorEntry[] {
	const before = known.get(index);
	if (before) return before;
	const opset = index.opsets.find(({ domain }) => domain === '')?.version ?? 13;
	const flat = flattenGraph(index.graph, functionsOf(index), [], null);
	const facts = new Facts(new Scope(flat, null, opset), null);
	const isActivation = (name: string) =>
		name !== '' && !facts.scope.isConstant(name) && !NO_FLOAT.test(facts.dtypeOf(name) ?? '');
	// what local functions hold inside cannot be read from outside
	const outside = new Set(index.graph.nodes.flatMap(({ outputs }) => outputs));
	const entries = flat.nodes.flatMap((node) =>
		node.opType === 'Constant'
			? []
			: node.outputs
					.filter((name) => outside.has(name) && isActivation(name))
					.map((name) => entryOf(name, node, facts, isActivation)),
	);
	const hidden = findSites(index).flatMap((site) => derivedEntries(site, index, isActivation));
	const all = [...entries, ...hidden];
	known.set(index, all);
	return all;
}

/** The tensors of a site that stand nowhere in the graph: they go by the operator that hides them. */
function derivedEntries(
	{ derived, tensors, operator, node, nodeName, path }: AttentionSite,
	{ graph }: ModelIndex,
	isActivation: (name: string) => boolean,
): TensorEntry[] {
	const names = new Set((derived ?? []).flatMap(({ outputs }) => outputs));
	const inputs = (node === null ? undefined : graph.nodes[node])?.inputs.filter(isActivation) ?? [];
	const unknown = { op: operator ?? '', node: nodeName, path, dtype: '', shape: null };
	return Object.values(tensors).flatMap((tensor) =>
		tensor && names.has(tensor.name)
			? [{ name: tensor.name, ...unknown, inputs: [...new Set(inputs)] }]
			: [],
	);
}

function entryOf(
	name: string,
	node: FlatNode,
	facts: Facts,
	isActivation: (name: string) => boolean,
): TensorEntry {
	return {
		name,
		op: node.opType,
		node: node.name,
		path: pathOf(node),
		dtype: facts.dtypeOf(name) ?? '',
		shape: facts.shapeOf(name)?.map((size) => size ?? '?') ?? null,
		inputs: [...new Set(node.inputs.filter(isActivation))],
	};
}

/** The tensors whose name, operator or module path has all the words, of any case, `most` of them from place `from` on. */
export function findTensors(index: ModelIndex, { words, from, most }: TensorSearch): TensorsFound {
	const wanted = words
		.toLowerCase()
		.split(/\s+/)
		.filter((word) => word !== '');
	const found = listTensors(index).filter(({ name, op, path }) => {
		const text = `${name} ${op} ${path}`.toLowerCase();
		return wanted.every((word) => text.includes(word));
	});
	return { tensors: found.slice(from, from + most), total: found.length };
}
