import type { DerivedNode } from '../protocol/model.ts';
import type { Labels } from './carry.ts';
import { Derivation } from './derivation.ts';
import type { Facts } from './facts.ts';

/** A tensor that the scores are multiplied or divided by: a temperature for each head, learned or made by the graph. */
export interface Factor {
	readonly op: 'Mul' | 'Div';
	readonly tensor: string;
	/** Labels of the scores' axes where it acts. */
	readonly labels: Labels;
}

/** Queries that carry the factor, as `factor · (q·k) = (factor · q)·k`, and the nodes that make them. */
export interface ScaledQueries {
	readonly name: string;
	readonly derived: readonly DerivedNode[];
}

/**
 * Null where the factor cannot be moved before the product: it differs from key to key, or the axes of queries and scores
 * do not stand in the same order.
 *
 * @param output of the product with the values, after which the new tensors are called
 */
export function scaledQueries(
	{ op, tensor, labels }: Factor,
	q: string,
	qLabels: Labels,
	output: string,
	facts: Facts,
): ScaledQueries | null {
	const shape = facts.shapeOf(tensor);
	const ahead = qLabels?.slice(0, -1);
	const inOrder = ahead?.every((label, axis) => label === labels?.[axis]) === true;
	if (!shape || !inOrder || ahead.length + 1 !== labels?.length || shape.length > labels.length)
		return null;
	if (shape.length > 0 && shape.at(-1) !== 1) return null;
	const derivation = new Derivation(facts.scope, output);
	const name = derivation.named('q', derivation.node(op, [q, tensor]));
	return { name, derived: derivation.behind([name]) };
}
