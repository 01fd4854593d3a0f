import { scoreRecall, type MqarExample } from '../../../kernels/recall/recall.ts';
import type { OtherRun, Override, RunAgain } from '../../view-api/view.ts';
import { examplesOf, type Batch } from './task.ts';
import { inputOf, type TokenModel } from './token-model.ts';

/** How one query was answered. */
export interface Asked {
	/** First example of its batch, index of its example in the probe's cell, and of its pair in the example. */
	readonly from: number;
	readonly example: number;
	readonly pair: number;
	readonly key: number;
	readonly label: number;
	readonly said: number;
	/** Tokens with a larger logit than the right one: 0 is right. */
	readonly rank: number;
	/** Logit of the right token less the largest of the others. */
	readonly margin: number;
	/** Positions in the sequence. */
	readonly queryAt: number;
	readonly valueAt: number;
}

export interface BatchResult {
	readonly kind: 'batch';
	readonly asked: readonly Asked[];
	/** Wall clock, ms: all of it, and what the model took with reading its logits. */
	readonly milliseconds: { readonly total: number; readonly model: number };
}

/** Whoever can run a model on other tokens: the one on show, or another. */
export interface Asks {
	again(
		request: Required<Pick<RunAgain, 'input' | 'taps'>> & Pick<RunAgain, 'overrides'>,
	): Promise<OtherRun>;
}

/** A run of other tokens with its logits. The caller releases it. */
export interface TokenRun extends OtherRun {
	/** `[rows, tokens, vocabulary]`. */
	readonly logits: Float32Array;
	readonly vocabulary: number;
}

/** @throws RunError where the model takes no such tokens; Error where its logits have another shape */
export async function runTokens(
	context: Asks,
	model: TokenModel,
	rows: readonly ArrayLike<number>[],
	{
		taps = [],
		overrides = [],
	}: { readonly taps?: readonly string[]; readonly overrides?: readonly Override[] } = {},
): Promise<TokenRun> {
	const run = await context.again({ input: inputOf(model, rows), taps, overrides });
	const tensor = await run.tensor(model.logits.name);
	const logits = await tensor.read();
	const vocabulary = tensor.shape.at(-1) ?? 0;
	const tokens = rows.length * (rows[0]?.length ?? 0);
	if (logits.length !== tokens * vocabulary) {
		run.release();
		throw new Error(
			`Logits of ${rows.length} sequences of ${rows[0]?.length ?? 0} tokens were expected, and ${model.logits.name} has shape [${tensor.shape.join(', ')}].`,
		);
	}
	return { ...run, logits, vocabulary };
}

/** Runs the model on a batch of examples and scores each query. */
export async function runBatch(
	context: Asks,
	model: TokenModel,
	batch: Batch,
): Promise<BatchResult> {
	const start = performance.now();
	const examples = examplesOf(batch);
	const before = performance.now();
	const run = await runTokens(
		context,
		model,
		examples.map(({ tokens }) => tokens),
	);
	const after = performance.now();
	const size = batch.cell.length * run.vocabulary;
	const asked = examples.flatMap((example, at) =>
		score(example, batch.from, at, run.logits.subarray(at * size, (at + 1) * size)),
	);
	run.release();
	return {
		kind: 'batch',
		asked,
		milliseconds: { total: performance.now() - start, model: after - before },
	};
}

function score(
	{ labels, queries }: MqarExample,
	from: number,
	at: number,
	logits: Float32Array,
): Asked[] {
	const example = from + at;
	const answers = new Map(scoreRecall(logits, labels).answers.map((answer) => [answer.at, answer]));
	return queries.map(({ key, value, queryAt, valueAt }, pair) => {
		const { said, rank, margin } = answers.get(queryAt)!;
		return { from, example, pair, key, label: value, said, rank, margin, queryAt, valueAt };
	});
}
