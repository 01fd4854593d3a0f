import { sequenceBehind, isMadeOf, type Sequence } from './chunk-sequence.ts';
import type { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';
import { readProduct } from './product.ts';
import { withoutOpenAxes } from './weights.ts';

/** Values from which what the state answers for their keys was taken, for all tokens of a chunk at once. */
export interface Erased {
	/** Null where they are not told from what multiplies them. */
	readonly v: Sequence | null;
	readonly beta: Sequence | null;
	/** Products on the way. */
	readonly parts: readonly FlatNode[];
}

const MOST_STEPS = 12;
const MOST_VISITS = 4000;
const layout = new Set(
	'Identity Cast Transpose Reshape Unsqueeze Squeeze Gather Slice Flatten'.split(' '),
);

/**
 * Reads `T·(β v)`, or that less an answer of the state before the chunk, where `T` is the inverse of a triangular matrix of
 * products between keys, in whatever way it was found. Null where values are written as they are.
 */
export function erasedValues(values: string, keys: string, facts: Facts): Erased | null {
	const parts: FlatNode[] = [];
	let taken = false;
	let current = values;
	for (let steps = 0; steps < MOST_STEPS; steps++) {
		const node = facts.scope.producerOf(current);
		if (!node) break;
		const product = readProduct(node, facts);
		if (product) {
			const { left, right } = product;
			const written = isOfKeysAlone(left, keys, facts) ? right : isOfKeysAlone(right, keys, facts) ? left : null; // prettier-ignore
			if (written === null) break;
			return { ...valuesIn(written, facts), parts: [...parts, node] };
		}
		const answer = node.opType === 'Sub' ? productBehind(node.inputs[1] ?? '', facts) : null;
		if (answer) {
			parts.push(answer);
			taken = true;
		} else if (!layout.has(node.opType)) break;
		current = node.inputs[0] ?? '';
	}
	return taken ? { v: null, beta: null, parts } : null;
}

/** The values and the strengths that multiply them. */
function valuesIn(written: string, facts: Facts) {
	const whole = sequenceBehind(written, facts);
	const node = facts.scope.producerOf(whole.name);
	const strength = node?.inputs.find((input) => facts.shapeOf(input)?.at(-1) === 1);
	const value = node?.inputs.find((input) => input !== strength);
	if (node?.opType !== 'Mul' || strength === undefined || value === undefined)
		return { v: whole, beta: null };
	const name = withoutOpenAxes(strength, facts);
	if (whole.axis !== null)
		return { v: { ...whole, name: value }, beta: { ...whole, name, factor: 1 } };
	return { v: sequenceBehind(value, facts), beta: sequenceBehind(name, facts) };
}

function productBehind(name: string, facts: Facts): FlatNode | null {
	let current = name;
	for (let steps = 0; steps < 6; steps++) {
		const node = facts.scope.producerOf(current);
		if (!node) return null;
		if (readProduct(node, facts)) return node;
		if (!layout.has(node.opType)) return null;
		current = node.inputs[0] ?? '';
	}
	return null;
}

const solving = new Set(
	(
		'Add Sub Neg Mul Where ScatterND ScatterElements Trilu Cast Identity Slice Gather Reshape Unsqueeze Squeeze ReduceSum ' +
		'MatMul Transpose Concat Expand Inverse Div'
	).split(' '),
);

/** Whether a matrix is made from products of keys with keys and from nothing else that depends on the tokens but strengths. */
function isOfKeysAlone(matrix: string, keys: string, facts: Facts): boolean {
	const pending = [matrix];
	const seen = new Set(pending);
	while (pending.length > 0 && seen.size < MOST_VISITS) {
		const name = pending.pop()!;
		const node = facts.scope.producerOf(name);
		if (!node || !solving.has(node.opType)) continue;
		const product = readProduct(node, facts);
		if (product && [product.left, product.right].every((side) => isMadeOf(side, keys, facts)))
			return true;
		// what is written into a table comes first: a way of many rows ends at their product
		for (const input of node.inputs.toReversed()) {
			if (input === '' || seen.has(input) || facts.scope.isConstant(input)) continue;
			seen.add(input);
			pending.push(input);
		}
	}
	return false;
}
