import type { Facts } from './facts.ts';
import { isCross } from './lineage.ts';
import { contracted, readProduct } from './product.ts';
import { isWeight, LAYING_OUT } from './weights.ts';

const maps = new Set([
	...LAYING_OUT,
	'Softmax',
	'Relu',
	'Elu',
	'Exp',
	'Sigmoid',
	'Softplus',
	'Add',
	'Sub',
	'Mul',
	'Div',
	'Pow',
	'Sqrt',
	'Neg',
	'Abs',
]);

/** Whether keys come from another sequence than queries, behind the feature maps of both. */
export const isCrossKernel = (q: string, k: string, facts: Facts): boolean =>
	isCross(behindFeatures(q, facts), behindFeatures(k, facts), facts);

/** What features of a kernel are made from: through functions of single numbers and products with weights. */
function behindFeatures(name: string, facts: Facts): string {
	let current = name;
	for (let steps = 0; steps < 24; steps++) {
		const node = facts.scope.producerOf(current);
		const product = node && readProduct(node, facts);
		if (product) {
			const weighs = isWeight(product.left, facts) ? product.right : product.left;
			if (!isWeight(product.left, facts) && !isWeight(product.right, facts)) return current;
			// the projection from tokens ends the way: q and k meet behind it or not at all
			if (contracted(product).length !== 1 || isWeight(weighs, facts)) return current;
			return weighs;
		}
		if (!node || !maps.has(node.opType)) return current;
		current = node.inputs.find((input) => input && !isWeight(input, facts)) ?? '';
	}
	return current;
}

/** A choice in (0, 1) among classes or experts: what is mixed by attention is no probability. */
export function isChoice(values: string, facts: Facts): boolean {
	let current = values;
	for (let steps = 0; steps < 8; steps++) {
		const node = facts.scope.producerOf(current);
		if (node?.opType === 'Softmax' || node?.opType === 'Sigmoid') return true;
		if (!node || !LAYING_OUT.has(node.opType)) return false;
		current = node.inputs[0] ?? '';
	}
	return false;
}
