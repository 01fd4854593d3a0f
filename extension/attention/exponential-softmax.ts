import type { Facts } from './facts.ts';
import { intsOf, type FlatNode } from './flat-node.ts';
import type { FormFinder } from './form.ts';
import { readersOf } from './scope.ts';
import { maskTerm, type MaskTerm } from './score-path.ts';
import { readSoftmax } from './softmax-attention.ts';

/** Operators between the sum of a row and its use: a floor under it, another dtype. */
const guarding = new Set([
	'Add',
	'Cast',
	'Clip',
	'Max',
	'Identity',
	'Expand',
	'Reciprocal',
	'Unsqueeze',
]);

/**
 * Softmax written out: the exponential of the scores over its sum. The sum may divide the weights, or the values mixed
 * with weights that were not normalised.
 */
export const exponentialSoftmax: FormFinder = {
	id: 'exponential-softmax',
	find: (facts) =>
		facts.scope.nodes.flatMap((node) => {
			const scores = node.opType === 'Exp' ? node.inputs[0] : undefined;
			const powers = node.outputs[0];
			if (!scores || !powers) return [];
			const finding =
				byLogarithm(node, scores, powers, facts) ?? divided(node, scores, powers, facts);
			return finding ? [finding] : [];
		}),
};

/** `exp(scores - log Σ exp(scores))` */
function byLogarithm(node: FlatNode, difference: string, weights: string, facts: Facts) {
	const sub = facts.scope.producerOf(difference);
	const [scores = '', size = ''] = sub?.inputs ?? [];
	const sum = facts.scope.producerOf(size);
	if (sub?.opType !== 'Sub' || sum?.opType !== 'ReduceLogSumExp' || sum.inputs[0] !== scores) return null; // prettier-ignore
	const axes = intsOf(sum, 'axes') ?? facts.valueOf(sum.inputs[1] ?? '');
	const axis = axes?.[0];
	if (axes?.length !== 1 || typeof axis !== 'number') return null;
	return readSoftmax({ node, scores, weights, axis: (rank) => (axis < 0 ? axis + rank : axis) }, facts); // prettier-ignore
}

function divided(node: FlatNode, scores: string, powers: string, facts: Facts) {
	const plain = dividedBySum(node, scores, powers, [], facts);
	if (plain) return plain;
	for (const { mask, masked } of maskedPowers(powers, facts)) {
		const found = dividedBySum(node, scores, masked, [maskTerm('where', mask, null)], facts);
		if (found) return found;
	}
	return null;
}

/** Where the exponentials are multiplied by zeros and ones: what is 0 there is hidden. */
function maskedPowers(powers: string, facts: Facts): { mask: string; masked: string }[] {
	return readersOf(facts.scope, powers).flatMap(({ node: { opType, inputs, outputs }, from }) => {
		const mask = inputs.find((input) => input !== from);
		const masked = outputs[0];
		return opType === 'Mul' && mask && masked && isMade(mask, facts) ? [{ mask, masked }] : [];
	});
}

/** Made of positions or a triangle, and not of the tokens' values. */
function isMade(mask: string, { scope }: Facts): boolean {
	let current = mask;
	for (let steps = 0; steps < 8; steps++) {
		if (scope.isConstant(current)) return true;
		const node = scope.producerOf(current);
		if (!node) return scope.inputOf(current) !== undefined;
		if (/^(Trilu|Less|Greater|LessOrEqual|GreaterOrEqual|Not|And|Or|Where|Equal)$/.test(node.opType)) return true; // prettier-ignore
		if (!/^(Cast|Slice|Unsqueeze|Expand|Reshape|Identity)$/.test(node.opType)) return false;
		current = node.inputs[0] ?? '';
	}
	return false;
}

function dividedBySum(
	node: FlatNode,
	scores: string,
	powers: string,
	masks: readonly MaskTerm[],
	facts: Facts,
) {
	for (const { node: sum } of readersOf(facts.scope, powers)) {
		const axes = intsOf(sum, 'axes') ?? facts.valueOf(sum.inputs[1] ?? '');
		const axis = axes?.[0];
		if (sum.opType !== 'ReduceSum' || axes?.length !== 1 || typeof axis !== 'number') continue;
		const sums = guarded(sum.outputs[0] ?? '', facts);
		const along = (rank: number) => (axis < 0 ? axis + rank : axis);
		const weights = quotientOf(powers, sums, facts);
		const plain = weights && readSoftmax({ node, scores, weights, axis: along, masks }, facts);
		if (plain) return plain;
		const last = readSoftmax(
			{
				node,
				scores,
				weights: powers,
				axis: along,
				masks,
				output: (product) => quotientOf(product, sums, facts),
				notes: ['the weights are not normalised: the sum of a row divides the mixed values'],
			},
			facts,
		);
		if (last) return last;
	}
	return null;
}

/** A value and all that it becomes through guards. */
function guarded(first: string, facts: Facts): ReadonlySet<string> {
	const all = new Set([first]);
	for (const name of all) {
		if (all.size > 32) break;
		for (const consumer of facts.scope.consumersOf(name)) {
			const output = consumer.outputs[0];
			if (output && guarding.has(consumer.opType)) all.add(output);
		}
	}
	return all;
}

/** The result of dividing a tensor by one of the sums. */
function quotientOf(name: string, sums: ReadonlySet<string>, facts: Facts): string | null {
	for (const { node: consumer, from } of readersOf(facts.scope, name)) {
		const [left = '', right = ''] = consumer.inputs;
		const divides = consumer.opType === 'Div' && left === from && sums.has(right);
		const multiplies = consumer.opType === 'Mul' && sums.has(left === from ? right : left);
		if (divides || multiplies) return consumer.outputs[0] ?? null;
	}
	return null;
}
