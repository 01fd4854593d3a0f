import {
	boolean,
	count,
	finite,
	listOf,
	oneOf,
	optional,
	record,
	text,
	tableOf,
	type Parsed,
} from './parse.ts';

/** How a site mixes tokens. */
export const form = oneOf(
	'softmax',
	'linear',
	'gated',
	'delta',
	'gated-delta',
	'hybrid',
	'superposed',
	'momentum',
	'convolution',
	'selective',
);
export type Form = Parsed<typeof form>;

/** Which keys a query may see, as far as the graph tells. */
export const maskKind = oneOf('causal', 'padding', 'additive', 'none');
export type MaskKind = Parsed<typeof maskKind>;

/**
 * A tensor of a site: its name in the graph and what each axis is, outermost first, one letter each:
 * `B` batch, `H` heads, `G` key/value heads, `T` query tokens, `S` key tokens, `K` key size, `V` value size,
 * `D` heads times size packed in one axis, `1` a broadcast axis. Empty where the axes are unknown.
 */
export const siteTensor = record({ name: text, axes: text });
export type SiteTensor = Parsed<typeof siteTensor>;

/** An attribute of a derived node: one number, several, or a tensor `[shape]` of numbers, row-major. */
export const derivedAttribute = record({
	type: oneOf('int', 'ints', 'float', 'tensor'),
	values: listOf(finite),
	/** Of a tensor; null for the others. */
	tensor: optional(record({ dtype: text, shape: listOf(count) })),
});
export type DerivedAttribute = Parsed<typeof derivedAttribute>;

/**
 * An ONNX node that is not in the file: a probe appends it where a tensor that a fused operator hides is to be read. Its
 * inputs are tensors of the main graph or outputs of other derived nodes of the site; an empty name is one left out.
 */
export const derivedNode = record({
	op: text,
	/** Empty for ai.onnx. */
	domain: text,
	inputs: listOf(text),
	outputs: listOf(text),
	attributes: tableOf(derivedAttribute),
});
export type DerivedNode = Parsed<typeof derivedNode>;

/** One place in the graph where attention happens. */
export const attentionSite = record({
	/** Unique in the model and the same for every export of the same code where names allow it. */
	id: text,
	form,
	kind: oneOf('decomposed', 'fused', 'recurrent'),
	/** The operator of a fused site, such as `GroupQueryAttention`; the rule of a stateful one. */
	operator: optional(text),
	/** Counting attention layers from 0 in graph order; null where a site belongs to no layer. */
	layer: optional(count),
	/** Module path, such as `/layers.0/mixer`; empty where the names say nothing. */
	path: text,
	heads: optional(count),
	kvHeads: optional(count),
	headSize: optional(count),
	/** Multiplies q·k; null where it is not a constant of the graph. */
	scale: optional(finite),
	/** Scores are `softCap * tanh(scores / softCap)` before the mask; null for none. */
	softCap: optional(finite),
	mask: maskKind,
	/** Added to the sum of a row of weights that divides the result; null where nothing divides it. */
	epsilon: optional(finite),
	/** How many keys a query sees at most, itself included, in a sliding window; null for all. */
	window: optional(count),
	/** Keys come from another sequence than queries. */
	cross: boolean,
	/**
	 * By role: `q`, `k`, `v`, `scores`, `weights`, `output` always (null where there is none), and where the form has them
	 * `mask` (additive or boolean, broadcastable to `BHTS`), `alpha`, `beta`, `state`, `router`, `selector`; of both
	 * branches of a `hybrid` layer `router` (what weighs their answers), `choice` (one-hot) and the `logits` it is made from;
	 * of a fused site `past`, how many keys stand before the first query: one number, or one a sequence, and `length`, how
	 * many queries of each sequence are no padding. `mixing` is what meets the values where
	 * that is no softmax of q·k. `sink` is a score that takes a part of each row of weights and has no
	 * value, `initial` the state before the first token.
	 */
	tensors: tableOf(optional(siteTensor)),
	/** What computes those of its tensors that stand nowhere in the graph; null where all do. */
	derived: optional(listOf(derivedNode)),
	/** Whether a boolean mask tensor means "may be seen" or "is hidden"; null for an additive one or none. */
	maskMeans: optional(oneOf('visible', 'hidden')),
	/** The graph node that mixes: index in the main graph, or null inside a subgraph or function. */
	node: optional(count),
	nodeName: text,
	/** How sure, 0 to 1. */
	confidence: finite,
	/** What could not be worked out, in sentences. */
	notes: listOf(text),
});
export type AttentionSite = Parsed<typeof attentionSite>;

/** A site tied to a line of Python. */
export const codeLink = record({
	site: text,
	/** Uri of a workspace file, or the path as exported where no such file was found. */
	file: text,
	/** Counting from 1. */
	line: count,
	/**
	 * `class` the module's class line, `build` the line that builds it, `call` the line that computes it, `route` the line that
	 * chooses between the branches of a routed layer.
	 */
	target: oneOf('class', 'build', 'call', 'route'),
	/** Which step of the ladder found it, such as `stack-trace`, `doc-string`, `module-path`, `pin`. */
	how: text,
	confidence: finite,
	/** Whether `file` was found in the workspace. */
	found: boolean,
	/** Where several files may be what the exporter names: its path, and their uris, likeliest first. `file` is then a guess. */
	ambiguous: optional(record({ path: text, candidates: listOf(text) })),
});
export type CodeLink = Parsed<typeof codeLink>;

export const valueSummary = record({
	name: text,
	dtype: text,
	/** Sizes; symbolic dimensions by name; null where nothing is said. */
	shape: optional(
		listOf(optional((value, path) => (typeof value === 'string' ? value : count(value, path)))),
	),
});
export type ValueSummary = Parsed<typeof valueSummary>;

/** A number of the graph that no input reaches, and the learned numbers it is made from. */
export const streamScalar = record({
	/**
	 * `keep` multiplies the velocity that comes in, `push` the force, `damping` their sum, `look` the velocity that the
	 * force is asked ahead along, `step` the displacement.
	 */
	role: oneOf('keep', 'push', 'damping', 'look', 'step'),
	name: text,
	value: finite,
	from: listOf(record({ name: text, value: finite })),
});

/** One sum that carries the tokens on, `position = before + increment`; names of tensors `[B, T, D]`. */
export const streamStep = record({
	/** The site whose result the increment is made from; null for a feed-forward step. */
	site: optional(text),
	before: text,
	position: text,
	increment: text,
	/** Where the increment is a velocity, or made from one. */
	momentum: optional(
		record({
			velocityIn: text,
			/** As handed on to the next step. */
			velocity: text,
			/** What the step adds to the velocity, before its scalars. */
			force: text,
			/** `[B, T, 1]`, what the displacement is divided by; null for none. */
			mass: optional(text),
			/** The mobility times `velocityIn`, where there is a mass. */
			moved: optional(text),
			scalars: listOf(streamScalar),
		}),
	),
});
export type StreamStep = Parsed<typeof streamStep>;

/** The tokens from the embedding on; every step's `before` is the position of the one above it. */
export const tokenStream = record({ start: text, steps: listOf(streamStep) });
export type TokenStream = Parsed<typeof tokenStream>;

/** What one training run left in a `metrics.json`: the loss along the way, on one axis of steps and one of time. */
export const trainingRun = record({
	/** Model and variant, for people. */
	name: text,
	/** Learned numbers; null where it is not said. */
	parameters: optional(count),
	seed: optional(count),
	curve: listOf(record({ step: count, seconds: finite, loss: finite })),
});
export type TrainingRun = Parsed<typeof trainingRun>;

/** A linear layer `output = input · weight`, as one node of the graph computes it, without its bias. */
export const linearLayer = record({
	/** The node's name. */
	name: text,
	/** Module path, such as `/layers.0/mlp/up`; empty where the names say nothing. */
	path: text,
	/** Names of tensors: what comes in, the weight as the node reads it, what comes out. */
	input: text,
	weight: text,
	output: text,
	inputs: count,
	outputs: count,
	/** Whether `weight` is `[outputs, inputs]`; else `[inputs, outputs]`. */
	transposed: boolean,
});
export type LinearLayer = Parsed<typeof linearLayer>;

/** A weight `[rows, width]` that rows are looked up in, such as an embedding. */
export const lookupTable = record({ name: text, rows: count, width: count });
export type LookupTable = Parsed<typeof lookupTable>;

/** What the webview knows of a model without its weights. */
export const modelSummary = record({
	uri: text,
	name: text,
	bytes: count,
	/** Files that hold weights, by their path in the model's folder. */
	external: listOf(record({ location: text, bytes: count })),
	/** Changes when the file does. */
	version: text,
	irVersion: count,
	opsets: listOf(record({ domain: text, version: count })),
	producer: text,
	nodes: count,
	inputs: listOf(valueSummary),
	outputs: listOf(valueSummary),
	sites: listOf(attentionSite),
	/** Of the main graph, in its order; the first few hundred of a large model. */
	linears: listOf(linearLayer),
	tables: listOf(lookupTable),
	codeLinks: listOf(codeLink),
	/** Null where the graph carries tokens in no such way. */
	stream: optional(tokenStream),
	/** Of the `metrics.json` beside the model and of those it compares itself with. */
	training: listOf(trainingRun),
});
export type ModelSummary = Parsed<typeof modelSummary>;

/** A model file that can be asked beside the one on show. */
export const modelName = record({
	uri: text,
	/** Its path as people know it, such as `mqar-linear/model.onnx`. */
	name: text,
});
export type ModelName = Parsed<typeof modelName>;
