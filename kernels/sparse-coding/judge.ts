import { seeded } from '../common/seeded.ts';
import { learnDictionary, matchFeatures, type Learning } from './learn-dictionary.ts';
import { refuse, rowOf, unitRows, type Rows } from './rows.ts';
import { sparseCode } from './sparse-code.ts';

/** Whether a dictionary can be trusted; no list of features should be shown without it. */
export interface Judgement {
	/** Σ‖x − sum of features‖² / Σ‖x‖²; of learned features on rows that they were not learned from. */
	readonly error: number;
	/** The same where chance did it: shuffled features, or features learned from shuffled rows. */
	readonly control: number;
	/** 0 to 1: how much of it is found again with another seed. */
	readonly stability: number;
	readonly recovered: boolean;
}

/** Given features explain rows when shuffled ones leave a quarter more, and a little noise changes few of those used. */
const BETTER = 0.8;
const STABLE = 0.7;

/** Learned features are recovered when other seeds find nine tenths of them, and chance does not come half as near. */
const LEARNED_BETTER = 0.5;
const LEARNED_STABLE = 0.9;

/** Noise that a stable code stands, as a share of the rows' size. */
const NOISE = 0.05;
const SEEDS = [1, 2, 3];

/**
 * Judges features that were given. The control has each feature's entries in another order; stability is the share of the
 * features a row uses that it uses still after noise of 5 %, over three seeds.
 */
export function judgeGiven(rows: Rows, features: Rows, sparsity: number): Judgement {
	const unit = unitRows(features);
	const code = sparseCode(rows, unit, sparsity);
	const random = seeded(11);
	const mixed = unit.values.slice();
	for (let f = 0; f < unit.count; f++) shuffle(mixed.subarray(f * unit.width, (f + 1) * unit.width), random); // prettier-ignore
	const control = sparseCode(rows, { ...unit, values: mixed }, sparsity).error;
	const shares = SEEDS.map((seed) => {
		const again = sparseCode(withNoise(rows, seeded(seed)), unit, sparsity);
		return sharedOf(code.used, again.used, sparsity);
	});
	const stability = shares.reduce((sum, x) => sum + x, 0) / shares.length;
	const recovered = code.error <= BETTER * control && stability >= STABLE;
	return { error: code.error, control, stability, recovered };
}

/** A dictionary that was learned, and what two other seeds and chance make of the same rows. */
export interface Learned {
	readonly features: Rows;
	readonly judgement: Judgement;
}

/**
 * Learns features from every second row and judges them by the others. The control is learned from rows whose columns were
 * each put in another order, which keeps every column's values and takes away what they have in common; stability is how
 * well the features of other seeds match, one to one.
 *
 * @throws KernelError `shape` for fewer than two rows a feature
 */
export function learnAndJudge(rows: Rows, learning: Omit<Learning, 'seed'>): Learned {
	if (rows.count < 2 * learning.features) {
		refuse(`${learning.features} features need ${2 * learning.features} rows, half of them to be judged by, got ${rows.count}`); // prettier-ignore
	}
	const [seen, unseen] = [everySecond(rows, 0), everySecond(rows, 1)];
	const [first, ...others] = SEEDS.map((seed) => learnDictionary(seen, { ...learning, seed }));
	const matches = others.map((other) => mean(matchFeatures(first!, other)));
	const mixed = columnsShuffled(rows, seeded(13));
	const [mixedSeen, mixedUnseen] = [everySecond(mixed, 0), everySecond(mixed, 1)];
	const chance = learnDictionary(mixedSeen, { ...learning, seed: SEEDS[0]! });
	const error = sparseCode(unseen, first!, learning.sparsity).error;
	const control = sparseCode(mixedUnseen, chance, learning.sparsity).error;
	const stability = mean(matches);
	const recovered = error <= LEARNED_BETTER * control && stability >= LEARNED_STABLE;
	return { features: first!, judgement: { error, control, stability, recovered } };
}

const mean = (values: ArrayLike<number>) =>
	Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;

function everySecond(rows: Rows, from: number): Rows {
	const count = Math.floor((rows.count - from + 1) / 2);
	const values = new Float64Array(count * rows.width);
	for (let at = 0; at < count; at++) values.set(rowOf(rows, from + 2 * at), at * rows.width);
	return { ...rows, count, values };
}

function columnsShuffled({ count, width, values }: Rows, random: () => number): Rows {
	const mixed = values.slice();
	const column = new Float64Array(count);
	for (let i = 0; i < width; i++) {
		for (let t = 0; t < count; t++) column[t] = values[t * width + i]!;
		shuffle(column, random);
		for (let t = 0; t < count; t++) mixed[t * width + i] = column[t]!;
	}
	return { count, width, values: mixed };
}

function shuffle(values: Float64Array, random: () => number): void {
	for (let i = values.length - 1; i > 0; i--) {
		const j = Math.floor(random() * (i + 1));
		[values[i], values[j]] = [values[j]!, values[i]!];
	}
}

function withNoise(rows: Rows, random: () => number): Rows {
	const size = Math.sqrt(rows.values.reduce((sum, x) => sum + x * x, 0) / rows.values.length);
	const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
	return { ...rows, values: rows.values.map((x) => x + NOISE * size * normal()) };
}

/** Share of the features a row uses that it uses in the other code too. */
function sharedOf(a: Int32Array, b: Int32Array, sparsity: number): number {
	let [shared, all] = [0, 0];
	a.forEach((f, place) => {
		if (f < 0) return;
		const from = place - (place % sparsity);
		all++;
		if (b.subarray(from, from + sparsity).includes(f)) shared++;
	});
	return all > 0 ? shared / all : 0;
}
