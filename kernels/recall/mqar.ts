import { KernelError } from '../common/kernel-error.ts';
import { seeded } from '../common/seeded.ts';

/** The multi-query associative recall task. README.md says how an example is laid out. */
export interface MqarOptions {
	/** Tokens 1 … V/2 − 1 are keys, V/2 … V − 1 values, 0 fills. Above `length`. */
	readonly vocabulary: number;
	/** Tokens of an example; even. */
	readonly length: number;
	/** Pairs to remember. */
	readonly pairs: number;
	/** How often the pairs are shown before the queries; 1 when absent. */
	readonly passes?: number;
	/** Keys that get a new value after the pairs (forgetting); 0 when absent, at most `pairs`. */
	readonly updates?: number;
	/** Exponent a of the gaps, `p_i ∝ i^(a−1)`; 0.01 when absent, 1 for uniform. */
	readonly power?: number;
	/** What is left over; `any` when absent. */
	readonly filler?: Filler;
}

/**
 * `any` fills with random tokens, which may be keys and values of the example by chance (Zoology's
 * `random_non_queries`); `no-keys` with random tokens that are no keys of it; `none` leaves zeros.
 */
export type Filler = 'any' | 'no-keys' | 'none';

/** A query and what answers it. */
export interface MqarQuery {
	readonly key: number;
	readonly value: number;
	/** Where the query stands; the label stands there too. */
	readonly queryAt: number;
	/** Where its pair stands that holds the newest value. */
	readonly keyAt: number;
	readonly valueAt: number;
}

export interface MqarExample {
	/** `[length]`. */
	readonly tokens: Int32Array;
	/** `[length]`, −100 where nothing is asked. */
	readonly labels: Int32Array;
	/** In the order of the keys. */
	readonly queries: readonly MqarQuery[];
}

/** A label that counts for nothing. */
export const IGNORED = -100;

/**
 * Examples of multi-query associative recall, repeatable from their seed.
 *
 * @throws KernelError `shape` when the pairs and queries do not fit the length or the vocabulary
 * @see Arora et al., "Zoology", arXiv:2312.04927, section 4
 */
export function mqar(options: MqarOptions, count: number, seed: number): MqarExample[] {
	checkMqar(options);
	const next = seeded(seed);
	return Array.from({ length: count }, () => example(options, next));
}

function example(
	{ vocabulary, length, pairs, passes = 1, updates = 0, power = 0.01, filler = 'any' }: MqarOptions,
	next: () => number,
): MqarExample {
	const half = Math.floor(vocabulary / 2);
	const keys = draw(half - 1, pairs, next).map((x) => x + 1);
	const values = draw(vocabulary - half, pairs + updates, next).map((x) => x + half);
	const tokens = new Int32Array(length);
	const labels = new Int32Array(length).fill(IGNORED);
	const newest = keys.map((_, pair) => ({ value: values[pair]!, at: 0 }));
	let at = 0;
	const show = (pair: number, value: number) => {
		tokens.set([keys[pair]!, value], at);
		newest[pair] = { value, at };
		at += 2;
	};
	for (let pass = 0; pass < passes; pass++) keys.forEach((_, pair) => show(pair, values[pair]!));
	draw(pairs, updates, next).forEach((pair, update) => show(pair, values[pairs + update]!));

	const context = at;
	const weights = Array.from({ length: (length - context) / 2 }, (_, i) => (i + 1) ** (power - 1));
	const gaps = drawWeighted(weights, pairs, next);
	const queries = keys.map((key, pair) => {
		const { value, at: keyAt } = newest[pair]!;
		const queryAt = context + 2 * gaps[pair]!;
		tokens[queryAt] = key;
		labels[queryAt] = value;
		return { key, value, queryAt, keyAt, valueAt: keyAt + 1 };
	});
	if (filler !== 'none') fill(tokens, vocabulary, new Set(filler === 'any' ? [] : keys), next);
	return { tokens, labels, queries };
}

function fill(
	tokens: Int32Array,
	vocabulary: number,
	but: ReadonlySet<number>,
	next: () => number,
): void {
	for (let at = 0; at < tokens.length; at++) {
		if (tokens[at] !== 0) continue;
		let token: number;
		do token = Math.floor(next() * vocabulary);
		while (but.has(token));
		tokens[at] = token;
	}
}

/** `count` different numbers below `size`, in random order: a shuffle that stops early, of which only what moved is kept. */
function draw(size: number, count: number, next: () => number): number[] {
	const moved = new Map<number, number>();
	return Array.from({ length: count }, (_, at) => {
		const other = at + Math.floor(next() * (size - at));
		const drawn = moved.get(other) ?? other;
		moved.set(other, moved.get(at) ?? at);
		return drawn;
	});
}

/** `count` different indices, each drawn with the weight that is left. */
function drawWeighted(given: readonly number[], count: number, next: () => number): number[] {
	const weights = Float64Array.from(given);
	return Array.from({ length: count }, () => {
		let left = next() * weights.reduce((a, x) => a + x, 0);
		let at = weights.findIndex((weight) => weight > 0 && (left -= weight) < 0);
		if (at < 0) at = weights.findLastIndex((weight) => weight > 0);
		weights[at] = 0;
		return at;
	});
}

function checkMqar({
	vocabulary,
	length,
	pairs,
	passes = 1,
	updates = 0,
	power = 0.01,
}: MqarOptions): void {
	const refuse = (problem: string): never => {
		throw new KernelError('shape', `recall: ${problem}`);
	};
	for (const [name, value, least] of [
		['vocabulary', vocabulary, 4],
		['length', length, 2],
		['pairs', pairs, 1],
		['passes', passes, 1],
		['updates', updates, 0],
	] as const) {
		if (!(Number.isInteger(value) && value >= least)) {
			refuse(`${name} must be a whole number of at least ${least}, got ${value}`);
		}
	}
	if (!(power > 0)) refuse(`power must be above 0, got ${power}`);
	if (length % 2 !== 0) refuse(`length must be even, got ${length}`);
	if (vocabulary <= length) refuse(`vocabulary must be above length=${length}, got ${vocabulary}`);
	if (updates > pairs) refuse(`updates can renew at most pairs=${pairs} keys, got ${updates}`);
	const half = Math.floor(vocabulary / 2);
	if (pairs > half - 1)
		refuse(`a vocabulary of ${vocabulary} has ${half - 1} keys, got pairs=${pairs}`);
	if (pairs + updates > vocabulary - half) {
		refuse(
			`a vocabulary of ${vocabulary} has ${vocabulary - half} values, and ${pairs + updates} are needed`,
		);
	}
	const needed = 2 * (pairs * passes + updates) + 2 * pairs;
	if (needed > length)
		refuse(`pairs, updates and queries need ${needed} tokens, got length=${length}`);
}
