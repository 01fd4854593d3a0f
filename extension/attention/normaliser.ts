import type { Facts } from './facts.ts';
import { readProduct } from './product.ts';

/** Between a product and its division by the sum of the weights. */
const between = new Set([
	'Identity',
	'Cast',
	'Transpose',
	'Reshape',
	'Unsqueeze',
	'Squeeze',
	'Mul',
]);
const guards = new Set([
	'Add',
	'Clip',
	'Max',
	'Abs',
	'Identity',
	'Cast',
	'Unsqueeze',
	'Transpose',
	'Reshape',
	'Expand',
	'Where',
]);

/** What divides a product of attention without softmax, and the quotient. */
export interface Normalised {
	readonly divisor: string;
	readonly output: string;
	/** What is added to the sum before it divides. */
	readonly epsilon: number;
}

/**
 * The division of mixed values by the sum of their weights.
 *
 * @param weights whose sum it must be; null where they are never formed, so that any sum or product of q with a sum will do
 */
export function normalisedBy(
	weights: string | null,
	mixed: string,
	facts: Facts,
): Normalised | null {
	let current = mixed;
	for (let steps = 0; steps < 6; steps++) {
		const consumers = facts.scope.consumersOf(current);
		const division = consumers.find((node) => node.opType === 'Div' && node.inputs[0] === current);
		const divisor = division?.inputs[1];
		if (division && divisor && isSum(divisor, weights, facts)) {
			return {
				divisor,
				output: division.outputs[0] ?? current,
				epsilon: addedTo(divisor, facts),
			};
		}
		const next = consumers.find((node) => between.has(node.opType));
		if (consumers.length !== 1 || !next?.outputs[0]) return null;
		current = next.outputs[0];
	}
	return null;
}

/** The constants added to a sum on its way to the division. */
function addedTo(name: string, facts: Facts): number {
	let [current, added] = [name, 0];
	for (let steps = 0; steps < 8; steps++) {
		const node = facts.scope.producerOf(current);
		if (!node || !guards.has(node.opType)) return added;
		if (node.opType === 'Add') {
			const number = node.inputs
				.map((input) => facts.numberOf(input))
				.find((each) => each !== null);
			added += number ?? 0;
		}
		current = node.inputs.find((input) => !facts.scope.isConstant(input)) ?? '';
	}
	return added;
}

function isSum(name: string, weights: string | null, facts: Facts): boolean {
	let current = name;
	for (let steps = 0; steps < 8; steps++) {
		const node = facts.scope.producerOf(current);
		if (!node || facts.scope.isConstant(current)) return false;
		if (node.opType === 'ReduceSum')
			return weights === null || node.inputs[0] === weights || !readProduct(node, facts);
		if (readProduct(node, facts)) return weights === null;
		if (!guards.has(node.opType)) return false;
		current = node.inputs.find((input) => !facts.scope.isConstant(input)) ?? '';
	}
	return false;
}
