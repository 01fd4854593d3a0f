import {
	boolean,
	bytes,
	count,
	finite,
	listOf,
	oneOf,
	optional,
	record,
	tableOf,
	text,
	type Parsed,
} from './parse.ts';

/** One tensor given to a model: raw little-endian bytes, row-major. */
export const inputTensor = record({
	name: text,
	dtype: oneOf('float32', 'float64', 'float16', 'int64', 'int32', 'int8', 'uint8', 'bool'),
	shape: listOf(count),
	data: bytes,
});
export type InputTensor = Parsed<typeof inputTensor>;

/** Everything a run needs besides the model. */
export const modelInput = record({
	/** Where it came from, for people: a file's name, or `typed token ids`. */
	source: text,
	tensors: listOf(inputTensor),
	/** What to write on the axes, one a token; empty for none. */
	tokens: listOf(text),
	/** Expected ids, one a token, −100 where none; empty for none. */
	labels: listOf((value, path) => finite(value, path)),
	note: text,
});
export type ModelInput = Parsed<typeof modelInput>;

export const backend = oneOf('webgpu', 'wasm');
export type Backend = Parsed<typeof backend>;
export const backendChoice = oneOf('auto', 'webgpu', 'wasm');
export type BackendChoice = Parsed<typeof backendChoice>;

/** Repeats a run: what was run, on what, with what read and written. */
export const runManifest = record({
	id: text,
	/** ISO 8601. */
	at: text,
	tool: text,
	model: record({ name: text, bytes: count, version: text }),
	input: record({ source: text, shapes: tableOf(listOf(count)), hash: text }),
	taps: listOf(text),
	overrides: listOf(text),
	probeBytes: count,
	backend,
	/** Why this backend, in a sentence. */
	reason: text,
	adapter: text,
	milliseconds: record({ load: finite, session: finite, run: finite }),
});
export type RunManifest = Parsed<typeof runManifest>;

/** The proof of a picture: how far `M·V` lies from the tensor the model itself produced. */
export const proof = record({
	site: text,
	/** ‖M·V − O‖ / ‖O‖; null where it could not be computed. */
	residual: optional(finite),
	tolerance: finite,
	verified: boolean,
	/**
	 * ‖M − P‖ / ‖P‖, P the probabilities that the operator itself gives when it is asked; null where it cannot be or was not.
	 */
	probabilities: optional(finite),
	/** Why it could not be computed or is over the tolerance; empty when verified. */
	reason: text,
});
export type Proof = Parsed<typeof proof>;

/** One site's numbers of a run, for hovers, CodeLens and the tree. */
export const siteResult = record({
	site: text,
	/** The finding in one sentence. */
	description: text,
	/** The numbers for the line above the code, such as `31 % softmax`; empty to say entropy and reach alone. */
	lens: text,
	/** Mean entropy of the rows of M, nats. */
	entropy: optional(finite),
	/** Mean distance between a query and the keys it reads, tokens. */
	reach: optional(finite),
	/** Null where the finding is no picture of a matrix that could be proved. */
	proof: optional(proof),
	/** A small picture, SVG text for a dark and a light theme. */
	picture: record({ dark: text, light: text }),
	/** A picture as high as a line of code, to stand after the line that `route` links to; null for none. */
	strip: optional(record({ dark: text, light: text })),
});
export type SiteResult = Parsed<typeof siteResult>;

export const runSummary = record({
	manifest: runManifest,
	/** Which view found it; the findings of several views of one run stand side by side. */
	view: text,
	sites: listOf(siteResult),
});
export type RunSummary = Parsed<typeof runSummary>;
