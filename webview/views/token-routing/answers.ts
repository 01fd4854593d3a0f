import type { OtherRun, ViewContext } from '../../view-api/view.ts';

/** What a run answers at the tokens that an answer is expected of, or at every token where none is. */
export interface Answers {
	readonly positions: readonly number[];
	/** Expected ids, −100 for none. */
	readonly expected: readonly number[];
	/** Ids of the largest logits. */
	readonly given: readonly number[];
	/** How many are expected, and right. */
	readonly asked: number;
	readonly right: number;
}

/** How the answers of a forced run differ from those of the model's own. */
export interface Difference extends Answers {
	/** Positions whose answer changed. */
	readonly changed: readonly number[];
	/** Largest change of a logit. */
	readonly logitChange: number;
	/** First token at which any logit changed; −1 for none. */
	readonly firstChange: number;
}

const NONE: Answers = { positions: [], expected: [], given: [], asked: 0, right: 0 };

interface Logits {
	readonly values: Float32Array;
	/** Tokens, and logits a token. */
	readonly T: number;
	readonly size: number;
}

/** Logits of the first sequence, where the model's first output reads as such. */
async function logitsOf(
	context: ViewContext,
	run: Pick<OtherRun, 'tensor'>,
): Promise<Logits | undefined> {
	const name = context.model.outputs[0]?.name;
	if (name === undefined) return undefined;
	const tensor = await run.tensor(name);
	const [T = 0, size = 0] = tensor.shape.slice(-2);
	if (tensor.shape.length !== 3) return undefined;
	return { values: (await tensor.read()).subarray(0, T * size), T, size };
}

export async function baseAnswers(context: ViewContext): Promise<Answers> {
	const logits = await logitsOf(context, context);
	return logits ? answersOf(logits, context.labels) : NONE;
}

function answersOf({ values, T, size }: Logits, labels: readonly number[]): Answers {
	const all = Array.from({ length: T }, (_, t) => t);
	const labelled = all.filter((t) => (labels[t] ?? -100) >= 0);
	const positions = labelled.length > 0 ? labelled : all;
	const expected = positions.map((t) => labels[t] ?? -100);
	const given = positions.map((t) => {
		const row = values.subarray(t * size, (t + 1) * size);
		return row.indexOf(row.reduce((a, x) => Math.max(a, x), -Infinity));
	});
	const right = given.filter((id, at) => id === expected[at]).length;
	return { positions, expected, given, asked: labelled.length, right };
}

/** @throws RunError where the model has no logits to compare */
export async function difference(context: ViewContext, forced: OtherRun): Promise<Difference> {
	const before = await logitsOf(context, context);
	const after = await logitsOf(context, forced);
	if (!before || !after) {
		return { ...NONE, changed: [], logitChange: 0, firstChange: -1 };
	}
	const own = answersOf(before, context.labels);
	const answers = answersOf(after, context.labels);
	let logitChange = 0;
	let first = -1;
	after.values.forEach((value, at) => {
		const change = Math.abs(value - before.values[at]!);
		if (change > 0 && first < 0) first = at;
		if (change > logitChange) logitChange = change;
	});
	return {
		...answers,
		changed: answers.positions.filter((_, at) => answers.given[at] !== own.given[at]),
		logitChange,
		firstChange: first < 0 ? -1 : Math.floor(first / after.size),
	};
}
