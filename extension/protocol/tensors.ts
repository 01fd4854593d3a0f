import { count, listOf, optional, record, text, type Parsed } from './parse.ts';

/** A float tensor that depends on the model's input, with the node that makes it. */
export const tensorEntry = record({
	name: text,
	/** Operator type of its node. */
	op: text,
	node: text,
	/** Module path, such as `/layers.0/mixer`; empty where the names say nothing. */
	path: text,
	/** Empty where neither the file nor inference gives it. */
	dtype: text,
	/** Sizes as far as they are known, symbols by name; null where nothing is. */
	shape: optional(listOf((value, at) => (typeof value === 'string' ? value : count(value, at)))),
	/** The activations that its node reads. */
	inputs: listOf(text),
});
export type TensorEntry = Parsed<typeof tensorEntry>;

/** Words that name, operator or path must have; `most` entries from place `from` on, in graph order. */
export const tensorSearch = record({ words: text, from: count, most: count });
export type TensorSearch = Parsed<typeof tensorSearch>;

export const tensorsFound = record({
	tensors: listOf(tensorEntry),
	/** How many there are, these included. */
	total: count,
});
export type TensorsFound = Parsed<typeof tensorsFound>;
