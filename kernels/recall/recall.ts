export {
	IGNORED,
	mqar,
	type Filler,
	type MqarExample,
	type MqarOptions,
	type MqarQuery,
} from './mqar.ts';
export { scoreRecall, type Answer, type RecallScore } from './score.ts';
export { wilson, type Interval } from './wilson.ts';

/** A token that a bigram seen before would have told. */
export interface RecallHit {
	/** Position of the token; its key stands before it. */
	readonly at: number;
	/** Where the same two tokens ended last. */
	readonly sourceAt: number;
	/** How many tokens back that is. */
	readonly distance: number;
}

/**
 * Tokens that complete a bigram which occurred earlier in the same sequence: associative-recall hits. The
 * two occurrences may not share a token.
 *
 * @param isRare whether the bigram is rare enough in training that memory cannot explain it; all are when absent
 * @see Arora et al., "Zoology", arXiv:2312.04927, section 3
 */
export function recallHits(
	tokens: ArrayLike<number>,
	isRare: (first: number, second: number) => boolean = () => true,
): RecallHit[] {
	const lastEnd = new Map<string, number>();
	const hits: RecallHit[] = [];
	for (let at = 1; at < tokens.length; at++) {
		const [first, second] = [tokens[at - 1]!, tokens[at]!];
		const bigram = `${first} ${second}`;
		const sourceAt = lastEnd.get(bigram);
		if (sourceAt !== undefined && sourceAt < at - 1 && isRare(first, second)) {
			hits.push({ at, sourceAt, distance: at - sourceAt });
		}
		if (sourceAt === undefined || sourceAt < at - 1) lastEnd.set(bigram, at);
	}
	return hits;
}
