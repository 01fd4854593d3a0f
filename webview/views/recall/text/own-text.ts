import type { ModelInput } from '../../../../extension/protocol/run.ts';
import {
	recallHits,
	scoreRecall,
	IGNORED,
	type RecallHit,
} from '../../../../kernels/recall/recall.ts';

/** The run's own text: what it recalls of itself, and how well each token was told from those before. */
export interface OwnText {
	/** One a token of the first sequence. */
	readonly words: readonly string[];
	/** Cross-entropy of each token given those before it, nats; NaN for the first. */
	readonly losses: Float32Array;
	/** Tokens that the model would have said there; −1 for the first. */
	readonly said: Int32Array;
	/** Tokens that complete a bigram seen earlier in the text, by position. */
	readonly hits: readonly RecallHit[];
	readonly ids: Int32Array;
}

/**
 * @param logits `[T, V]` of the first sequence
 * @see Arora et al., "Zoology", arXiv:2312.04927, section 3
 */
export function readOwnText(
	ids: Int32Array,
	words: readonly string[],
	logits: Float32Array,
): OwnText {
	// a token is told by the logits of the one before it
	const vocabulary = logits.length / ids.length;
	if (ids.length === 0 || ids.some((id) => id < 0 || id >= vocabulary)) return nothing;
	const labels = Int32Array.from(ids, (_, at) => ids[at + 1] ?? IGNORED);
	const losses = new Float32Array(ids.length).fill(NaN);
	const said = new Int32Array(ids.length).fill(-1);
	for (const answer of scoreRecall(logits, labels).answers) {
		losses[answer.at + 1] = answer.loss;
		said[answer.at + 1] = answer.said;
	}
	const written = Array.from(ids, (id, at) => words[at] ?? String(id));
	return { ids, words: written, losses, said, hits: recallHits(ids) };
}

/** A run without ids, or whose ids are not those that its logits tell. */
const nothing: OwnText = {
	words: [],
	losses: new Float32Array(),
	said: new Int32Array(),
	hits: [],
	ids: new Int32Array(),
};

/** Ids of the first sequence of the input of that name. */
export function idsOf(input: ModelInput, name: string): Int32Array {
	const tensor = input.tensors.find((each) => each.name === name);
	if (!tensor) return new Int32Array();
	const bytes = tensor.data.slice().buffer;
	const all = tensor.dtype === 'int64' ? Int32Array.from(new BigInt64Array(bytes), Number) : new Int32Array(bytes); // prettier-ignore
	return all.subarray(0, tensor.shape.at(-1));
}

/** Mean losses of tokens that the text recalls and of all others, nats. */
export function lossesOf({ hits, losses }: OwnText): { recalled: number; others: number } {
	const at = new Set(hits.map((hit) => hit.at));
	const mean = (values: number[]) =>
		values.length === 0 ? NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
	const known = Array.from(losses, (loss, token) => ({ loss, hit: at.has(token) })).filter(
		({ loss }) => !Number.isNaN(loss),
	);
	return {
		recalled: mean(known.filter(({ hit }) => hit).map(({ loss }) => loss)),
		others: mean(known.filter(({ hit }) => !hit).map(({ loss }) => loss)),
	};
}
