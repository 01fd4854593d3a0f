import { describe, expect, it } from 'vitest';
import { seeded } from '../common/seeded.ts';
import { judgeGiven, learnAndJudge } from './judge.ts';
import { learnDictionary, matchFeatures } from './learn-dictionary.ts';
import { centred, rowOf, unitRows, type Rows } from './rows.ts';
import { sparseCode } from './sparse-code.ts';

const gaussian = (random: () => number) => () =>
	Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

function drawn(count: number, width: number, seed: number): Rows {
	const normal = gaussian(seeded(seed));
	return { count, width, values: Float64Array.from({ length: count * width }, normal) };
}

/** Rows of `on` features each, with weights of ±1 to ±2 and noise. */
function planted(features: Rows, count: number, on: number, noise: number, seed: number) {
	const random = seeded(seed);
	const normal = gaussian(random);
	const { width } = features;
	const values = new Float64Array(count * width);
	const used: Set<number>[] = [];
	for (let t = 0; t < count; t++) {
		const chosen = new Set<number>();
		while (chosen.size < on) chosen.add(Math.floor(random() * features.count));
		for (const f of chosen) {
			const weight = (1 + random()) * (random() < 0.5 ? -1 : 1);
			rowOf(features, f).forEach((x, i) => (values[t * width + i]! += weight * x));
		}
		for (let i = 0; i < width; i++) values[t * width + i]! += noise * normal();
		used.push(chosen);
	}
	return { rows: { count, width, values }, used };
}

const truth = unitRows(drawn(24, 16, 3));
const { rows, used } = planted(truth, 1200, 2, 0.02, 4);

describe('matching pursuit', () => {
	it('finds the features that a row was made of, and leaves the noise', () => {
		const few = unitRows(drawn(40, 64, 5));
		const made = planted(few, 200, 3, 0.01, 6);
		const code = sparseCode(made.rows, few, 3);
		const right = made.used.filter((set, t) =>
			code.used.subarray(t * 3, t * 3 + 3).every((f) => set.has(f)),
		);
		expect(right.length).toBeGreaterThan(195);
		expect(code.error).toBeLessThan(0.002);
	});

	it('fits weights as least squares do: what is left is orthogonal to every feature used', () => {
		const code = sparseCode(rows, truth, 3);
		for (let t = 0; t < 50; t++) {
			const rest = rowOf(rows, t).slice();
			for (let k = 0; k < 3; k++) {
				const f = code.used[t * 3 + k]!;
				rowOf(truth, f).forEach((x, i) => (rest[i]! -= code.weights[t * 3 + k]! * x));
			}
			const size = rest.reduce((sum, x) => sum + x * x, 0);
			expect(size).toBeCloseTo(code.errors[t]!, 10);
			for (let k = 0; k < 3; k++) {
				const inner = rowOf(truth, code.used[t * 3 + k]!).reduce(
					(sum, x, i) => sum + x * rest[i]!,
					0,
				);
				expect(Math.abs(inner)).toBeLessThan(1e-9);
			}
		}
	});

	it('leaves nothing of a row of zeros, and nothing where features span the space', () => {
		const zeros: Rows = { count: 1, width: 16, values: new Float64Array(16) };
		expect(sparseCode(zeros, truth, 3)).toMatchObject({ error: 0 });
		expect(sparseCode(rows, truth, 16).error).toBeLessThan(1e-12);
	});

	it('names what does not fit', () => {
		expect(() => sparseCode(rows, drawn(4, 5, 1), 2)).toThrow(/16 columns.*features of 5/);
		expect(() => sparseCode(rows, truth, 0)).toThrow(/sparsity/);
		expect(() => sparseCode({ ...rows, count: 7 }, truth, 2)).toThrow(/7 × 16 needs 112 numbers/);
	});
});

describe('a learned dictionary', () => {
	it('is the planted one', () => {
		const learned = learnDictionary(rows, { features: 24, sparsity: 2, seed: 1 });
		const match = matchFeatures(truth, learned);
		expect(match.reduce((sum, x) => sum + x, 0) / 24).toBeGreaterThan(0.95);
		expect(match.filter((x) => x > 0.98).length).toBeGreaterThanOrEqual(21);
	});

	it('is trusted where one was planted, and not where there is none', () => {
		const { features, judgement } = learnAndJudge(rows, { features: 24, sparsity: 2 });
		expect(judgement).toMatchObject({ recovered: true });
		expect(judgement.error).toBeLessThan(0.1);
		expect(judgement.stability).toBeGreaterThan(0.9);
		const match = matchFeatures(truth, features);
		expect(match.reduce((sum, x) => sum + x, 0) / 24).toBeGreaterThan(0.9);
		const nothing = learnAndJudge(drawn(1200, 16, 9), { features: 24, sparsity: 2 }).judgement;
		expect(nothing.recovered).toBe(false);
		expect(nothing.error / nothing.control).toBeGreaterThan(0.9);
		expect(nothing.stability).toBeLessThan(0.9);
	});

	it('needs rows to be judged by', () => {
		expect(() => learnAndJudge(drawn(10, 4, 1), { features: 8, sparsity: 2 })).toThrow(/16 rows.*got 10/); // prettier-ignore
	});
});

describe('a given dictionary', () => {
	it('is trusted on rows made of it', () => {
		const verdict = judgeGiven(rows, truth, 2);
		expect(verdict.recovered).toBe(true);
		expect(verdict.error).toBeLessThan(0.05);
		expect(used.length).toBe(rows.count);
	});

	it('is not trusted on rows that have nothing to do with it: it does as well as its shuffled self', () => {
		const verdict = judgeGiven(drawn(400, 16, 12), truth, 2);
		expect(verdict.recovered).toBe(false);
		expect(verdict.error / verdict.control).toBeGreaterThan(0.9);
		expect(verdict.error / verdict.control).toBeLessThan(1.1);
	});
});

it('takes the mean off', () => {
	const { rows: level, mean } = centred({ count: 2, width: 2, values: Float64Array.from([1, 2, 3, 6]) }); // prettier-ignore
	expect([...mean]).toEqual([2, 4]);
	expect([...level.values]).toEqual([-1, -2, 1, 2]);
});
