import { KernelError } from '../common/kernel-error.ts';
import { IGNORED } from './mqar.ts';

/** How one labelled position was answered. */
export interface Answer {
	readonly at: number;
	readonly label: number;
	/** The token of the largest logit. */
	readonly said: number;
	/** Tokens with a larger logit than the label, or an equal one and a smaller id: 0 is right, and then `said` is the label. */
	readonly rank: number;
	/** Logit of the label less the largest of the others: positive is right. */
	readonly margin: number;
	/** Cross-entropy in nats. */
	readonly loss: number;
}

export interface RecallScore {
	readonly answers: readonly Answer[];
	/** Share of rank 0 and mean loss over the labelled positions; NaN where there is none. */
	readonly accuracy: number;
	readonly loss: number;
}

/**
 * Scores logits `[T, V]` at the labelled positions.
 *
 * @param labels `[T]`, −100 where nothing is asked
 * @throws KernelError `shape` when the logits are not `labels.length` rows, or a label is not a token
 */
export function scoreRecall(logits: ArrayLike<number>, labels: ArrayLike<number>): RecallScore {
	const V = logits.length / labels.length;
	if (!(Number.isInteger(V) && V > 0)) {
		throw new KernelError(
			'shape',
			`recall: logits must be ${labels.length} rows of one width, got ${logits.length} elements`,
		);
	}
	const answers = Array.from(labels).flatMap((label, at) =>
		label === IGNORED ? [] : [answerAt(logits, V, at, label)],
	);
	const mean = (value: (answer: Answer) => number) =>
		answers.reduce((sum, answer) => sum + value(answer), 0) / answers.length;
	return {
		answers,
		accuracy: mean(({ rank }) => (rank === 0 ? 1 : 0)),
		loss: mean(({ loss }) => loss),
	};
}

function answerAt(logits: ArrayLike<number>, V: number, at: number, label: number): Answer {
	if (!(Number.isInteger(label) && label >= 0 && label < V)) {
		throw new KernelError('shape', `recall: label ${label} at ${at} is not one of ${V} tokens`);
	}
	const from = at * V;
	const own = logits[from + label]!;
	let [said, rival, rank] = [0, -Infinity, 0];
	for (let token = 0; token < V; token++) {
		const value = logits[from + token]!;
		if (value > logits[from + said]!) said = token;
		if (token === label) continue;
		if (value > rival) rival = value;
		if (value > own || (value === own && token < label)) rank++;
	}
	const largest = Math.max(own, rival);
	let sum = 0;
	for (let token = 0; token < V; token++) sum += Math.exp(logits[from + token]! - largest);
	return { at, label, said, rank, margin: own - rival, loss: largest + Math.log(sum) - own };
}
