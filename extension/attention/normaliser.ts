import type { Facts } from './facts.ts';
import { readProduct } from './product.ts';
import { untouched } from './weights.ts';

/** Between a product and its division by the sum of the weights. */
const between = new Set([
	'Identity',
	'Cast',
	'Transpose',
	'Reshape',
	'Unsqueeze',
	'Squeeze',
	'Mul',
	'Slice',
]);
const guards = new Set([
	'Add',
	'Clip',
	'Max',
	'Abs',
	'Identity',
	'Cast',
	'Unsqueeze',
	'Squeeze',
	'Transpose',
	'Reshape',
	'Expand',
	'Where',
	'Slice',
]);

/** What divides a product of attention without softmax, and the quotient. */
export interface Normalised {
	readonly divisor: string;
	readonly output: string;
	/** What is added to the sum before it divides. */
	readonly epsilon: number;
	readonly notes: readonly string[];
}

/** Whether what a divisor is made from, behind additions and guards, is the sum of a row of weights. */
type IsSum = (name: string) => boolean;

/**
 * The division of mixed values by the sum of their weights, or the product with its reciprocal.
 *
 * @param by the factor that the product's own node puts on, where it has one
 */
export function normalisedBy(
	mixed: string,
	by: string | null,
	isSum: IsSum,
	facts: Facts,
): Normalised | null {
	const inside = by === null ? null : divisorBehind(by, facts);
	if (inside !== null && reaches(inside, isSum, facts))
		return { divisor: inside, output: mixed, ...guardsOf(inside, facts) };
	let current = mixed;
	for (let steps = 0; steps < 6; steps++) {
		const consumers = facts.scope.consumersOf(current);
		for (const { opType, inputs, outputs } of consumers) {
			const other = inputs.find((input) => input !== current) ?? '';
			const divides = opType === 'Div' && inputs[0] === current;
			const divisor = divides ? other : opType === 'Mul' ? divisorBehind(other, facts) : null;
			if (!divisor || !reaches(divisor, isSum, facts)) continue;
			return { divisor, output: outputs[0] ?? current, ...guardsOf(divisor, facts) };
		}
		const next = consumers.find((node) => between.has(node.opType));
		// a row of sums beside the values is cut from the same product
		const alone = consumers.every(({ opType }) => opType === next?.opType && opType === 'Slice');
		if ((consumers.length !== 1 && !alone) || !next?.outputs[0]) return null;
		current = next.outputs[0];
	}
	return null;
}

const turning = new Set(['Unsqueeze', 'Reshape', 'Transpose', 'Cast', 'Expand', 'Identity']);

/** What a reciprocal is the reciprocal of. */
function divisorBehind(name: string, facts: Facts): string | null {
	let current = name;
	for (let steps = 0; steps < 6; steps++) {
		const node = facts.scope.producerOf(current);
		if (node?.opType === 'Reciprocal') return node.inputs[0] ?? null;
		if (node?.opType === 'Div' && facts.numberOf(node.inputs[0] ?? '') === 1)
			return node.inputs[1] ?? null;
		const one =
			node?.opType === 'Mul' ? node.inputs.find((i) => facts.numberOf(i) === 1) : undefined;
		if (!node || (!turning.has(node.opType) && one === undefined)) return null;
		current = node.inputs.find((input) => input !== one) ?? '';
	}
	return null;
}

/** The constants added to a sum on its way to the division, and whether it is kept above one. */
function guardsOf(name: string, facts: Facts): Pick<Normalised, 'epsilon' | 'notes'> {
	let [current, epsilon, floored] = [name, 0, false];
	for (let steps = 0; steps < 8; steps++) {
		const node = facts.scope.producerOf(current);
		if (!node || !guards.has(node.opType)) break;
		if (node.opType === 'Clip' || node.opType === 'Max') floored = true;
		if (node.opType === 'Add') {
			const number = node.inputs
				.map((input) => facts.numberOf(input))
				.find((each) => each !== null);
			epsilon += number ?? 0;
		}
		current = node.inputs.find((input) => !facts.scope.isConstant(input)) ?? '';
	}
	return { epsilon, notes: floored ? ['the sum of a row of weights has a floor'] : [] };
}

function reaches(name: string, isSum: IsSum, facts: Facts): boolean {
	let current = name;
	for (let steps = 0; steps < 8; steps++) {
		if (facts.scope.isConstant(current)) return false;
		if (isSum(current)) return true;
		const node = facts.scope.producerOf(current);
		if (!node || !guards.has(node.opType)) return false;
		current = node.inputs.find((input) => !facts.scope.isConstant(input)) ?? '';
	}
	return false;
}

/** Sums of weights that are formed: their own, along keys. */
export const sumsRowsOf =
	(weights: string, facts: Facts): IsSum =>
	(name) => {
		const node = facts.scope.producerOf(name);
		return node?.opType === 'ReduceSum' && node.inputs[0] === weights;
	};

/** Sums of weights that are never formed: q times the sum of the keys, over all or up to each token. */
export const sumsKeys =
	(q: string, k: string, facts: Facts): IsSum =>
	(name) => {
		const node = facts.scope.producerOf(name);
		const product = node && readProduct(node, facts);
		if (!product) return false;
		const [asked, summed] = [untouched(q, facts), untouched(k, facts)];
		return [
			[product.left, product.right],
			[product.right, product.left],
		].some(([one, other]) => untouched(one!, facts) === asked && isSumOf(other!, summed, facts));
	};

function isSumOf(name: string, keys: string, facts: Facts): boolean {
	const sum = facts.scope.producerOf(untouched(name, facts));
	const sums = sum?.opType === 'ReduceSum' || sum?.opType === 'CumSum';
	return sums && untouched(sum.inputs[0] ?? '', facts) === keys;
}

/** Ones beside the values: what the product makes of them are the sums of its rows. */
export function withoutOnes(values: string, facts: Facts): string | null {
	const node = facts.scope.producerOf(values);
	const [data = '', second = '', third = ''] = node?.inputs ?? [];
	if (node?.opType === 'Pad') return facts.numberOf(third) === 1 ? data : null;
	if (node?.opType !== 'Concat' || node.inputs.length !== 2) return null;
	return isOnes(second, facts) ? data : null;
}

function isOnes(name: string, facts: Facts): boolean {
	if (facts.numberOf(name) === 1) return true;
	const node = facts.scope.producerOf(name);
	if (node?.opType === 'ConstantOfShape') {
		const fill = node.attributes.get('value');
		return fill?.kind === 'tensor' && fill.value.values?.[0] === 1;
	}
	return node?.opType === 'Expand' && isOnes(node.inputs[0] ?? '', facts);
}

/** The part of a product that other values' ones made. */
export const isCutFrom =
	(product: string): IsSum =>
	(name) =>
		name === product;
