import type { ReadsTensors } from '../../view-api/named-tensor.ts';
import type { ViewContext } from '../../view-api/view.ts';

/** What a model predicts, and how well. */
export interface Answers {
	/** Mean negative log-likelihood of what is expected, nats; null where nothing is. */
	readonly loss: number | null;
	/** Tokens that something is expected of, and how many are right. */
	readonly asked: number;
	readonly right: number;
	/** Id of the largest logit at every token. */
	readonly given: readonly number[];
	/** Ids expected, −100 where none. */
	readonly wanted: readonly number[];
	/** Where the expected ids come from, in words; empty for nowhere. */
	readonly expected: string;
}

/** Ids expected at each token, −100 where none: the input's labels, else the input's own next tokens. */
function expectedIds({ labels, input }: ViewContext, T: number): { ids: number[]; from: string } {
	if (labels.some((label) => label >= 0)) return { ids: [...labels], from: 'the input’s labels' };
	const given = input.tensors.find(({ dtype, shape }) => dtype === 'int64' && shape.at(-1) === T);
	if (!given) return { ids: [], from: '' };
	const values = Array.from(new BigInt64Array(given.data.slice().buffer).subarray(0, T), Number);
	return { ids: [...values.slice(1), -100], from: 'the input’s next tokens' };
}

/** Undefined where the model's first output reads as no logits of a token each. */
export async function readAnswers(
	context: ViewContext,
	run: ReadsTensors,
): Promise<Answers | undefined> {
	const [first] = context.model.outputs;
	if (!first) return undefined;
	const tensor = await run.tensor(first.name);
	const [T = 0, size = 0] = tensor.shape.slice(-2);
	if (tensor.shape.length !== 3 || size < 2) return undefined;
	const logits = await tensor.read();
	const { ids, from } = expectedIds(context, T);
	const given: number[] = [];
	let [loss, asked, right] = [0, 0, 0];
	for (let t = 0; t < T; t++) {
		const row = logits.subarray(t * size, (t + 1) * size);
		let best = 0;
		for (let id = 1; id < size; id++) if (row[id]! > row[best]!) best = id;
		given.push(best);
		const wanted = ids[t] ?? -100;
		if (wanted < 0 || wanted >= size) continue;
		let mass = 0;
		for (const logit of row) mass += Math.exp(logit - row[best]!);
		loss += Math.log(mass) + row[best]! - row[wanted]!;
		asked++;
		if (best === wanted) right++;
	}
	const expected = asked === 0 ? '' : from;
	return { loss: asked === 0 ? null : loss / asked, asked, right, given, wanted: ids, expected };
}
