import type { Attribute } from '../onnx/model-index.ts';
import type { FlatNode } from './flat-node.ts';
import { flattenGraph } from './flatten.ts';
import type { Inference, Shape, Value } from './inference.ts';

type Rules<T> = ReadonlyMap<string, (node: FlatNode, facts: Inference) => T | null>;

/** A choice between more than a few nodes is no leftover of an exporter's `squeeze`. */
const MOST_NODES = 64;

/**
 * Shapes of what an `If` returns: those of the branch that its condition picks, where that is known; else what both agree on.
 * Exporters write one where a size decides whether an axis is dropped.
 */
export function branchShapes(
	node: FlatNode,
	around: Inference,
	shapeRules: Rules<readonly (Shape | null)[]>,
	valueRules: Rules<Value>,
): (Shape | null)[] | null {
	const condition = around.valueOf(node.inputs[0] ?? '')?.[0];
	const taken =
		typeof condition === 'number'
			? [condition === 0 ? 'else_branch' : 'then_branch']
			: ['then_branch', 'else_branch'];
	const [first, ...others] = taken.map((name) =>
		leftBy(node, node.attributes.get(name), around, shapeRules, valueRules),
	);
	if (!first) return null;
	return first.map((shape, at) =>
		others.every((other) => other?.[at]?.length === shape?.length)
			? (shape?.map((dim, axis) =>
					others.every((other) => other![at]![axis] === dim) ? dim : null,
				) ?? null)
			: null,
	);
}

function leftBy(
	owner: FlatNode,
	branch: Attribute | undefined,
	around: Inference,
	shapeRules: Rules<readonly (Shape | null)[]>,
	valueRules: Rules<Value>,
): (Shape | null)[] | null {
	if (branch?.kind !== 'graph' || branch.value.nodes.length > MOST_NODES) return null;
	const { nodes } = flattenGraph(branch.value, new Map(), [], owner);
	const [shapes, values] = [new Map<string, Shape>(), new Map<string, Value>()];
	const inside: Inference = {
		shapeOf: (name) =>
			shapes.get(name) ?? branch.value.initializers.get(name)?.dims ?? around.shapeOf(name),
		rankOf: (name) => inside.shapeOf(name)?.length ?? null,
		valueOf: (name) =>
			values.get(name) ?? branch.value.initializers.get(name)?.values ?? around.valueOf(name),
		dtypeOf: (name) => branch.value.initializers.get(name)?.dtype ?? around.dtypeOf(name),
	};
	for (const node of nodes) {
		// a choice inside a choice stays unknown: nests may be deep
		if (node.opType === 'If') continue;
		const found = shapeRules.get(node.opType)?.(node, inside);
		const value = valueRules.get(node.opType)?.(node, inside);
		node.outputs.forEach((output, at) => {
			const shape = found?.[at];
			if (output && shape) shapes.set(output, shape);
		});
		if (value && node.outputs[0]) values.set(node.outputs[0], value);
	}
	return branch.value.outputs.map(({ name }) => inside.shapeOf(name));
}
