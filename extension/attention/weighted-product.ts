import { parseEquation } from './equation.ts';
import type { Facts } from './facts.ts';
import { stringOf, type FlatNode } from './flat-node.ts';
import { readProduct, type Product } from './product.ts';

/** A product of two tensors whose result a third multiplies in the same node. */
export interface WeightedProduct {
	readonly product: Product;
	/** Multiplies the result, broadcast along the axes it lacks; null for none. */
	readonly by: string | null;
}

/** Reads a product of two tensors, or an Einsum of three of which one sums over nothing: `nlhd,nhmd,nlh->nlhm`. */
export function readWeightedProduct(node: FlatNode, facts: Facts): WeightedProduct | undefined {
	const product = readProduct(node, facts);
	if (product) return { product, by: null };
	const output = node.outputs[0];
	if (node.opType !== 'Einsum' || node.inputs.length !== 3 || !output) return undefined;
	const ranks = node.inputs.map((input) => facts.rankOf(input));
	const equation = parseEquation(stringOf(node, 'equation') ?? '', ranks);
	if (!equation) return undefined;
	for (const at of [2, 1, 0]) {
		const rest = [0, 1, 2].filter((other) => other !== at);
		const [leftLabels, rightLabels] = rest.map((other) => equation.inputs[other]!);
		const factor = equation.inputs[at]!;
		const summed = leftLabels!.filter(
			(label) => rightLabels!.includes(label) && !equation.output.includes(label),
		);
		const all = [...leftLabels!, ...rightLabels!];
		const scales = factor.every((label) => equation.output.includes(label) && all.includes(label));
		if (!scales || summed.length === 0 || factor.length >= equation.output.length) continue;
		return {
			by: node.inputs[at]!,
			product: {
				node,
				left: node.inputs[rest[0]!]!,
				right: node.inputs[rest[1]!]!,
				output,
				leftLabels: leftLabels!,
				rightLabels: rightLabels!,
				outputLabels: equation.output,
				factor: 1,
				added: null,
				quantised: false,
			},
		};
	}
	return undefined;
}
