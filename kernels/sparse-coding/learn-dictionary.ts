import { seeded } from '../common/seeded.ts';
import { checkRows, dot, refuse, rowOf, unitRows, type Rows } from './rows.ts';
import { sparseCode, type SparseCode } from './sparse-code.ts';

export interface Learning {
	readonly features: number;
	readonly sparsity: number;
	readonly seed: number;
	/** 25 when absent. */
	readonly rounds?: number;
}

/**
 * Features of which every row is nearly a sum of a few: codes by matching pursuit and features by the approximate K-SVD in
 * turn (Aharon, Elad and Bruckstein, 2006; Rubinstein et al., 2008). A feature that no row uses is put where a row is
 * explained worst, and so is the copy of another.
 *
 * @returns `[features, width]`, unit rows @throws KernelError `shape` for more features than rows
 */
export function learnDictionary(
	rows: Rows,
	{ features, sparsity, seed, rounds = 25 }: Learning,
): Rows {
	checkRows('rows', rows);
	if (!(Number.isInteger(features) && features > 0 && features <= rows.count)) {
		refuse(`${features} features cannot be learned from ${rows.count} rows`);
	}
	const random = seeded(seed);
	let learned = startingRows(rows, features, random);
	for (let round = 0; round < rounds; round++) {
		const code = sparseCode(rows, learned, sparsity);
		learned = unitRows(improved(rows, learned, code, sparsity, round < rounds - 3));
	}
	return learned;
}

/** Random rows of the data, made unit. */
function startingRows(rows: Rows, features: number, random: () => number): Rows {
	const order = Array.from({ length: rows.count }, (_, at) => at);
	const values = new Float64Array(features * rows.width);
	for (let f = 0; f < features; f++) {
		const j = f + Math.floor(random() * (rows.count - f));
		[order[f], order[j]] = [order[j]!, order[f]!];
		values.set(rowOf(rows, order[f]!), f * rows.width);
	}
	return unitRows({ count: features, width: rows.width, values });
}

/** Every feature fitted once to what its users lack without it. */
function improved(
	rows: Rows,
	old: Rows,
	code: SparseCode,
	sparsity: number,
	revive: boolean,
): Rows {
	const { width } = rows;
	const values = old.values.slice();
	const next: Rows = { ...old, values };
	const weights = code.weights.slice();
	const rest = restOf(rows, next, code.used, weights, sparsity);
	const users = usersOf(code.used, old.count);
	const worst = [...code.errors.keys()].sort((a, b) => code.errors[b]! - code.errors[a]!);
	for (let f = 0; f < old.count; f++) {
		const feature = rowOf(next, f);
		const own = users[f]!;
		if (own.length === 0 || (revive && isCopy(next, f))) {
			const row = worst.shift();
			if (revive && row !== undefined) feature.set(rowOf(rows, row));
			normalise(feature);
			continue;
		}
		const better = new Float64Array(width);
		for (const place of own) {
			const lack = rowOf(rest, Math.floor(place / sparsity));
			const weight = weights[place]!;
			for (let i = 0; i < width; i++) {
				lack[i]! += weight * feature[i]!;
				better[i]! += weight * lack[i]!;
			}
		}
		if (dot(better, better) > 0) feature.set(better);
		normalise(feature);
		for (const place of own) {
			const lack = rowOf(rest, Math.floor(place / sparsity));
			const weight = dot(lack, feature);
			weights[place] = weight;
			for (let i = 0; i < width; i++) lack[i]! -= weight * feature[i]!;
		}
	}
	return next;
}

function restOf(
	rows: Rows,
	features: Rows,
	used: Int32Array,
	weights: Float64Array,
	sparsity: number,
): Rows {
	// prettier-ignore
	const rest: Rows = { ...rows, values: rows.values.slice() };
	used.forEach((f, place) => {
		if (f < 0) return;
		const row = rowOf(rest, Math.floor(place / sparsity));
		const feature = rowOf(features, f);
		for (let i = 0; i < row.length; i++) row[i]! -= weights[place]! * feature[i]!;
	});
	return rest;
}

/** Places in the code of each feature. */
function usersOf(used: Int32Array, features: number): number[][] {
	const users = Array.from({ length: features }, () => [] as number[]);
	used.forEach((f, place) => {
		if (f >= 0) users[f]!.push(place);
	});
	return users;
}

const ALIKE = 0.98;

function isCopy(features: Rows, f: number): boolean {
	const own = rowOf(features, f);
	for (let other = 0; other < f; other++) {
		if (Math.abs(dot(own, rowOf(features, other))) > ALIKE) return true;
	}
	return false;
}

function normalise(vector: Float64Array): void {
	const size = Math.sqrt(dot(vector, vector));
	if (size > 0) for (let i = 0; i < vector.length; i++) vector[i]! /= size;
}

/**
 * How well features of one dictionary are found again in another: the |cosine| of each with its partner, partners taken
 * one to one, the most alike first. A feature without a partner counts 0.
 *
 * @returns `[a.count]`
 */
export function matchFeatures(a: Rows, b: Rows): Float64Array {
	if (a.width !== b.width) refuse(`features of ${a.width} and ${b.width} columns cannot be alike`);
	const [from, to] = [unitRows(a), unitRows(b)];
	const pairs: [cosine: number, i: number, j: number][] = [];
	for (let i = 0; i < a.count; i++) {
		for (let j = 0; j < b.count; j++)
			pairs.push([Math.abs(dot(rowOf(from, i), rowOf(to, j))), i, j]);
	}
	pairs.sort((x, y) => y[0] - x[0]);
	const found = new Float64Array(a.count).fill(-1);
	const taken = new Set<number>();
	for (const [cosine, i, j] of pairs) {
		if (found[i]! >= 0 || taken.has(j)) continue;
		found[i] = cosine;
		taken.add(j);
	}
	return found.map((cosine) => Math.max(0, cosine));
}
