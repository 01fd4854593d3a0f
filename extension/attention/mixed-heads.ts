import { basesOf, mixedLabels, type Labels } from './carry.ts';
import type { Facts } from './facts.ts';
import { intOf, intsOf, type FlatNode } from './flat-node.ts';
import type { Product } from './product.ts';

/** What a product or a convolution with a weight makes of scores or weights of several heads. */
export interface Mixed {
	readonly output: string;
	readonly labels: Labels;
	/** What is mixed, in words. */
	readonly parts: 'different heads' | 'neighbouring tokens';
}

/** A product with a weight that leaves queries and keys alone; null for any other. */
export function mixedByProduct(
	product: Product,
	carrier: string,
	labels: Labels,
	isToken: (label: string) => boolean,
): Mixed | null {
	const mixed = mixedLabels(product, carrier, labels, isToken);
	return mixed && { output: product.output, labels: mixed, parts: 'different heads' };
}

/** `[B, H, T, S]` taken for a picture whose channels are heads, by a kernel that keeps its size; null for any other. */
export function mixedByConvolution(
	node: FlatNode,
	labels: Labels,
	isToken: (label: string) => boolean,
	facts: Facts,
): Mixed | null {
	const [, weight = ''] = node.inputs;
	const [output] = node.outputs;
	const shape = facts.shapeOf(weight);
	if (node.opType !== 'Conv' || !output || !facts.scope.isConstant(weight)) return null;
	if (!labels || labels.length !== 4 || shape?.length !== 4) return null;
	const [, heads = '', ...tokens] = labels;
	const areTokens = tokens.every((label) => basesOf(label).some(isToken));
	if (!areTokens || basesOf(heads).some(isToken)) return null;
	if (intsOf(node, 'strides')?.some((stride) => stride !== 1)) return null;
	const alone = shape.slice(2).every((dim) => dim === 1);
	if (alone && (intOf(node, 'group') ?? 1) !== 1) return null;
	return { output, labels, parts: alone ? 'different heads' : 'neighbouring tokens' };
}
