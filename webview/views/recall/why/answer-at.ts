import {
	IGNORED,
	scoreRecall,
	type MqarExample,
	type MqarQuery,
} from '../../../../kernels/recall/recall.ts';
import type { Try } from './cause.ts';

/** How the query is answered in a row of a run. */
export function answerAt(
	{ logits, vocabulary }: { readonly logits: Float32Array; readonly vocabulary: number },
	row: number,
	{ tokens }: MqarExample,
	{ queryAt, value }: MqarQuery,
): Omit<Try, 'repair'> {
	const from = row * tokens.length * vocabulary;
	const labels = new Int32Array(tokens.length).fill(IGNORED);
	labels[queryAt] = value;
	const own = logits.subarray(from, from + tokens.length * vocabulary);
	const [{ said, rank, margin } = { said: -1, rank: -1, margin: NaN }] = scoreRecall(
		own,
		labels,
	).answers;
	return { said, rank, margin };
}
