import { describe, expect, it } from 'vitest';
import { laidOut } from '../common/tensors.ts';
import { cases, normals, randomInputs } from './cases.ts';
import { superposedAttentionReference } from './reference.ts';
import { superposedAttention, type SuperposedShape } from './superposed-attention.ts';

const shape: SuperposedShape = { B: 1, M: 2, N: 2, H: 2, T: 9, K: 8, F: 32 };
type Inputs = ReturnType<typeof randomInputs>;

/** Performer attention of one cell with the directions `P·diag(a)`: written apart from the reference. */
function performer(inputs: Inputs, { M, N, H, T, K, F }: SuperposedShape, cell: number) {
	const c = Math.sqrt(Math.sqrt(K) * M * N);
	const a = inputs.keys.subarray((cell % (M * N)) * K, ((cell % (M * N)) + 1) * K);
	const output = new Float64Array(H * T * K);
	for (let h = 0; h < H; h++) {
		const read = (name: 'q' | 'k' | 'v', t: number, d: number) =>
			inputs[name].data[((cell * H + h) * T + t) * K + d]!;
		const phi = (name: 'q' | 'k', t: number) =>
			Array.from({ length: F }, (_, r) => {
				let sum = 0;
				for (let d = 0; d < K; d++) {
					sum += (inputs.projection[r * K + d]! * a[d]! * read(name, t, d)) / c / K ** 0.25;
				}
				return Math.max(0, sum) + 1e-3;
			});
		const keys = Array.from({ length: T }, (_, j) => phi('k', j));
		for (let t = 0; t < T; t++) {
			const query = phi('q', t);
			const weights = keys.map((key) => key.reduce((sum, x, r) => sum + x * query[r]!, 0));
			const total = weights.reduce((sum, w) => sum + w, 0);
			for (let d = 0; d < K; d++) {
				output[(h * T + t) * K + d] =
					weights.reduce((sum, w, j) => sum + w * read('v', j, d), 0) / total;
			}
		}
	}
	return output;
}

/** The inputs with every cell but one silent. */
function alone(inputs: Inputs, { H, T, K }: SuperposedShape, cell: number): Inputs {
	const silent = (name: 'q' | 'k' | 'v') => ({
		...inputs[name],
		data: inputs[name].data.map((x, at) => (Math.floor(at / (H * T * K)) === cell ? x : 0)),
	});
	return { ...inputs, q: silent('q'), k: silent('k'), v: silent('v') };
}

const apart = (a: Float64Array, b: Float64Array) =>
	a.reduce((most, x, at) => Math.max(most, Math.abs(x - b[at]!)), 0);

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
	const [x, y] = [Array.from(a), Array.from(b)];
	const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
	const [mx, my] = [mean(x), mean(y)];
	const inner = (p: number[], mp: number, q: number[], mq: number) =>
		p.reduce((sum, v, at) => sum + (v - mp) * (q[at]! - mq), 0);
	return inner(x, mx, y, my) / Math.sqrt(inner(x, mx, x, mx) * inner(y, my, y, my));
}

const cellOutput = (output: Float64Array, { H, T, K }: SuperposedShape, cell: number) =>
	output.subarray(cell * H * T * K, (cell + 1) * H * T * K);

describe('superposed attention, reference', () => {
	it('of one cell is Performer attention with the projection P·diag(a), not with P', () => {
		const single = { ...shape, M: 1, N: 1, H: 3, F: 256 };
		const inputs = randomInputs(single);
		const output = superposedAttentionReference(inputs, single).output();
		expect(apart(output, performer(inputs, single, 0))).toBeLessThan(2e-15);
		const plain = { ...inputs, keys: inputs.keys.map(() => 1) };
		expect(apart(output, performer(plain, single, 0))).toBeGreaterThan(0.02);
	});

	it.each([
		[1, 1],
		[2, 2],
		[3, 2],
		[4, 4],
	])('with one live cell on a %i × %i grid is that cell alone', (M, N) => {
		const grid = { ...shape, M, N };
		const all = randomInputs(grid);
		for (const cell of [0, M * N - 1]) {
			const inputs = alone(all, grid, cell);
			const output = superposedAttentionReference(inputs, grid).output();
			const found = cellOutput(output, grid, cell);
			expect(apart(found, performer(inputs, grid, cell))).toBeLessThan(2e-15);
		}
	});

	it.each([
		[2, 0.995],
		[4, 0.971],
	])('with a shared denominator loses to the silent rows of a %i² grid', (side, factor) => {
		const grid = { B: 1, M: side, N: side, H: 1, T: 32, K: 64, F: 256 };
		const inputs = alone(randomInputs(grid), grid, 1);
		const shared = superposedAttentionReference(inputs, grid, { denominator: 'shared' }).output();
		const key = inputs.keys.subarray(64, 128);
		const unbound = shared.subarray(32 * 64, 2 * 32 * 64).map((x, at) => x * key[at % 64]!);
		const reference = performer(inputs, grid, 1);
		const inner = unbound.reduce((sum, x, at) => sum + x * reference[at]!, 0);
		const size = reference.reduce((sum, x) => sum + x * x, 0);
		expect(inner / size).toBeCloseTo(factor, 2);
		expect(correlation(unbound, reference)).toBeGreaterThan(0.999);
	});

	it('permutes with whole grid rows and columns, not with single cells', () => {
		const grid = { ...shape, M: 3, N: 3 };
		const inputs = randomInputs(grid);
		const cells = (data: Float32Array, order: readonly number[]) => {
			const width = data.length / 9;
			return Float32Array.from(
				data,
				(_, at) => data[order[Math.floor(at / width)]! * width + (at % width)]!,
			);
		};
		const permuted = (order: readonly number[]): Inputs => ({
			...inputs,
			q: { ...inputs.q, data: cells(inputs.q.data, order) },
			k: { ...inputs.k, data: cells(inputs.k.data, order) },
			v: { ...inputs.v, data: cells(inputs.v.data, order) },
			keys: cells(inputs.keys, order),
		});
		const before = superposedAttentionReference(inputs, grid).output();
		const difference = (order: readonly number[]) => {
			const after = superposedAttentionReference(permuted(order), grid).output();
			return Math.max(
				...order.map((from, to) =>
					apart(cellOutput(after, grid, to), cellOutput(before, grid, from)),
				),
			);
		};
		expect(difference([6, 7, 8, 0, 1, 2, 3, 4, 5])).toBeLessThan(1e-13);
		expect(difference([1, 2, 0, 4, 5, 3, 7, 8, 6])).toBeLessThan(1e-13);
		expect(difference([1, 0, 2, 3, 4, 5, 6, 7, 8])).toBeGreaterThan(0.01);
	});

	it.each(cases.filter(({ shape: { T } }) => T < 100).map((each) => [each.name, each] as const))(
		'has a matrix that gives its output, and rows that sum to 1 over what they share: %s',
		(_name, { shape: sizes, options, masked = false }) => {
			const inputs = randomInputs(sizes, { masked });
			const reference = superposedAttentionReference(inputs, sizes, options);
			const [output, values] = [reference.output(), reference.values()];
			const { M, N, T, K, H, B } = sizes;
			const shared = options?.denominator === 'shared';
			const batch = (shared ? B * N : B * M * N) - 1;
			const [h, S] = [H - 1, M * T];
			for (const t of [0, T - 1]) {
				const row = reference.row(batch, h, t);
				const counted = shared ? row : row.subarray(0, T);
				expect(counted.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 12);
				for (let d = 0; d < K; d++) {
					let sum = 0;
					row.forEach((weight, c) => {
						sum += weight * values[((batch * H + h) * S + c) * K + d]!;
					});
					expect(sum).toBeCloseTo(output[((batch * H + h) * T + t) * K + d]!, 11);
				}
			}
		},
	);

	it('is linear in the values', () => {
		const inputs = randomInputs(shape);
		const twice = { ...inputs, v: { ...inputs.v, data: inputs.v.data.map((x) => 2 * x) } };
		const once = superposedAttentionReference(inputs, shape).output();
		expect(superposedAttentionReference(twice, shape).output()).toEqual(once.map((x) => 2 * x));
	});

	it('gives a hidden token no value and only the features of zero', () => {
		const masked = randomInputs(shape, { masked: true });
		const loud = { ...masked, k: { ...masked.k, data: masked.k.data.slice() } };
		const last = 2 * shape.H * 9 * 8 + 8 * 8;
		loud.k.data.fill(50, last, last + 8);
		const before = superposedAttentionReference(masked, shape).output();
		expect(superposedAttentionReference(loud, shape).output()).toEqual(before);
	});

	it('has shared denominators that are the sum of the cells’ own', async () => {
		const inputs = randomInputs(shape);
		const own = superposedAttentionReference(inputs, shape).row(0, 1, 3);
		const shared = superposedAttentionReference(inputs, shape, { denominator: 'shared' });
		const den = await superposedAttention(undefined, inputs, shape).denominators();
		const at = (m: number) => den[(m * 2 * 2 + 1) * 9 + 3]!;
		const row = shared.row(0, 1, 3);
		row.forEach((weight, c) => expect(weight).toBeCloseTo((own[c]! * at(0)) / (at(0) + at(1)), 6));
	});

	it.each([
		[2, 2],
		[4, 4],
	])(
		'keeps ≈ 1/√(MN) of each cell’s own answer on a %i × %i grid of random inputs',
		(M, N) => {
			// answers to near-uniform attention vary by cell and channel only: 2,048 of them, so ±0.02
			const cells = 32;
			const grid = { B: cells / (M * N), M, N, H: 1, T: 16, K: 64, F: 64 };
			const inputs = randomInputs(grid);
			const output = superposedAttentionReference(inputs, grid).output();
			const alone = Array.from({ length: cells }, (_, cell) => performer(inputs, grid, cell));
			const found = correlation(
				output,
				Float64Array.from(alone.flatMap((each) => Array.from(each))),
			);
			expect(Math.abs(found - 1 / Math.sqrt(M * N))).toBeLessThan(0.05);
		},
		30_000,
	);
});

describe('the terms of a score', () => {
	it.each([
		[2, 2],
		[4, 4],
	])('are its own and √(MN − 1) times as much crosstalk, on a %i × %i grid', async (M, N) => {
		const grid = { B: 1, M, N, H: 1, T: 40, K: 32, F: 1 };
		const inputs = randomInputs(grid);
		const attention = superposedAttention(undefined, inputs, grid);
		let [own, crosstalk] = [0, 0];
		for (let at = 0; at < 40 * 40; at++) {
			const place = { batch: at % (M * N), head: 0, query: Math.floor(at / 40), key: at % 40 };
			const terms = await attention.scoreTerms(place);
			expect(terms.score).toBeCloseTo(terms.own + (terms.score - terms.own), 12);
			own += terms.own ** 2;
			crosstalk += (terms.score - terms.own) ** 2;
		}
		expect(Math.sqrt(crosstalk / own) / Math.sqrt(M * N - 1)).toBeCloseTo(1, 1);
	});

	it('sum to what the feature map sees, with masked keys gone', async () => {
		const grid = { B: 2, M: 2, N: 3, H: 2, T: 5, K: 4, F: 1 };
		const inputs = randomInputs(grid, { masked: true });
		const { K } = grid;
		const bundled = (name: 'q' | 'k', cells: readonly number[], h: number, t: number, d: number) =>
			cells.reduce((sum, cell) => {
				const kept = name === 'k' ? inputs.mask!.data : undefined;
				const seen = kept ? (kept as Float32Array)[(6 + cell) * 5 + t]! : 1;
				const value = inputs[name].data[(((6 + cell) * 2 + h) * 5 + t) * K + d]!;
				return sum + inputs.keys[cell * K + d]! * value * seen;
			}, 0);
		const place = { batch: 6 + 4, head: 1, query: 2, key: 4 };
		const found = await superposedAttention(undefined, inputs, grid).scoreTerms(place);
		let expected = 0;
		for (let d = 0; d < K; d++) {
			expected += bundled('q', [1, 4], 1, 2, d) * bundled('k', [3, 4, 5], 1, 4, d);
		}
		expect(found.score).toBeCloseTo(expected / (K * 6), 12);
		expect(found.own).toBe(found.terms[4]);
	});

	it.each([
		[32, 2, 3.3],
		[64, 2, 4.6],
		[128, 2, 6.4],
		[512, 2, 13],
		[32, 4, 1.5],
		[64, 4, 2.1],
		[128, 4, 2.9],
		[512, 4, 5.9],
	])(
		'find a matched key at K = %i on a %i² grid with signal over noise %f',
		async (K, side, expected) => {
			const grid = { B: 1, M: side, N: side, H: 1, T: 12, K, F: 1 };
			const inputs = randomInputs(grid);
			const matched = { ...inputs, k: inputs.q };
			const attention = superposedAttention(undefined, matched, grid);
			let [signal, noise, count] = [0, 0, 0];
			for (let batch = 0; batch < side ** 2; batch++) {
				for (let t = 0; t < 12; t++) {
					const { own, terms } = await attention.scoreTerms({ batch, head: 0, query: t, key: t });
					signal += own;
					for (const [at, term] of terms.entries()) if (at !== batch) noise += term ** 2;
					count++;
				}
			}
			const ratio = signal / count / Math.sqrt(noise / count);
			expect(Math.abs(ratio / expected - 1)).toBeLessThan(0.15);
		},
	);
});

describe('superposed attention, results', () => {
	it('are laid out by cell, with the own grid row first', async () => {
		const grid = { ...shape, M: 3, N: 2 };
		const attention = superposedAttention(undefined, randomInputs(grid), grid);
		expect(attention.shape).toEqual({ B: 6, H: 2, T: 9, S: 27, V: 8 });
		const { values } = await attention.weights({
			...{ batch: 5, head: 1 },
			...{ rows: [4, 5] as const, columns: [0, 27] as const },
		});
		expect(values.subarray(0, 9).reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 6);
		const { self } = await attention.rowStatistics();
		const mass = values.reduce((sum, w) => sum + w, 0);
		expect(self[(5 * 2 + 1) * 9 + 4]).toBeCloseTo(values[4]! / mass, 6);
	});

	it('have no residual against the output, and one where two cells are swapped', async () => {
		const inputs = randomInputs(shape);
		const attention = superposedAttention(undefined, inputs, shape);
		const output = await attention.output();
		const given = laidOut(Float32Array.from(output), 'BHTK', [4, 2, 9, 8]);
		expect((await attention.residual(given)).overall).toBeLessThan(2e-7);
		const swapped = { ...given, offset: 2 * 9 * 8, strides: [0, 72, 8, 1] as const };
		expect((await attention.residual(swapped)).overall).toBeGreaterThan(0.5);
	});

	const normal = normals(3);
	it.each([
		[{ ...shape, N: 4 }, {}, /q as \[8, 2, 9, 8\] .* needs 1152 elements, got 576/],
		[{ ...shape, F: 0 }, {}, /F must be a whole number above 0, got 0/],
		[shape, { keys: new Float32Array(31) }, /keys needs M·N·K = 2·2·8 = 32 elements, got 31/],
		[shape, { keys: new Float32Array(32) }, /keys must be −1 or 1, got 0 at element 0/],
		[shape, { projection: Float32Array.of(normal()) }, /projection needs F·K = 32·8 = 256/],
	])('name what does not fit (%#)', (sizes, change, message) => {
		const inputs = { ...randomInputs(shape), ...change };
		expect(() => superposedAttention(undefined, inputs, sizes)).toThrow(message);
	});

	it('name a place outside the grid', async () => {
		const attention = superposedAttention(undefined, randomInputs(shape), shape);
		const place = { batch: 4, head: 0, query: 0, key: 0 };
		await expect(attention.scoreTerms(place)).rejects.toThrow('batch goes from 0 to 3, got 4');
		expect(() => superposedAttention(undefined, randomInputs(shape), shape, { ownRow: 2 })).toThrow(
			'ownRow goes from 0 to 1, got 2',
		);
	});
});
