import { describe, expect, it } from 'vitest';
import { cases, randomInputs } from './cases.ts';
import {
	constantDamping,
	hamiltonianBlock,
	layerNorm,
	momentumAttention,
	prefixOracle,
	yuriiBlock,
	type HamiltonianWeights,
	type YuriiBlock,
	normals,
} from './momentum-attention.ts';
import { plus, product } from './small-matrix.ts';

const [T, D, H] = [9, 6, 2];
const normal = normals(41);
const drawn = (length: number, scale = 0.6) =>
	Float64Array.from({ length }, () => scale * normal());
const unit = Float64Array.from({ length: D * D }, (_, at) => Number(at % (D + 1) === 0));
const weights: HamiltonianWeights = {
	...{ query: drawn(D * D), key: drawn(D * D), value: drawn(D * D) },
	...{ mobility: plus(unit, [0.1, drawn(D * D)]), projection: drawn(D * D) },
};
const tokens = { x: drawn(T * D, 1), v: drawn(T * D, 0.3) };
const step = { drift: 0.3, kick: 0.2, kept: Math.exp(-constantDamping(0.5).spent(0, 0.2)) };
const first = (values: Float64Array, count: number) => values.slice(0, count * D);

/** Causal softmax attention with one head. */
function attend(normed: Float64Array): Float64Array {
	const [q, k, v] = [weights.query, weights.key, weights.value].map((w) =>
		product(normed, w, D, D),
	);
	const output = new Float64Array(normed.length);
	for (let t = 0; t < normed.length / D; t++) {
		const scores = Array.from({ length: t + 1 }, (_, j) => {
			let sum = 0;
			for (let d = 0; d < D; d++) sum += q![t * D + d]! * k![j * D + d]!;
			return Math.exp(sum / Math.sqrt(D));
		});
		const total = scores.reduce((sum, s) => sum + s, 0);
		scores.forEach((s, j) => {
			for (let d = 0; d < D; d++) output[t * D + d]! += (s / total) * v![j * D + d]!;
		});
	}
	return product(output, weights.projection, D, D);
}
const mlp = (normed: Float64Array) =>
	product(normed, weights.value, D, D).map((x) => Math.max(0, x));

describe('the prefix oracle', () => {
	it('with one head and c_B = 1 is the equations written as a loop', () => {
		const shape = { B: 1, H: 1, T: 5, K: 4, D: 3 };
		const inputs = randomInputs(shape);
		const oracle = prefixOracle({ ...inputs, moved: inputs.momentum }, shape, { epsilon: 0 });
		const at = (name: 'q' | 'k' | 'v' | 'momentum', t: number) => {
			const width = name === 'q' || name === 'k' ? 4 : 3;
			return Array.from(inputs[name].data.subarray(t * width, (t + 1) * width));
		};
		const dot = (a: readonly number[], b: readonly number[]) =>
			a.reduce((sum, x, d) => sum + x * b[d]!, 0);
		const E = (i: number, j: number) => Math.exp(dot(at('q', i), at('k', j)) / 2);
		const z = (i: number) =>
			Array.from({ length: i + 1 }, (_, j) => E(i, j)).reduce((a, b) => a + b) / (i + 1);
		const s = (i: number) => dot(at('momentum', i), at('momentum', i)) / z(i) ** 2;
		const force = oracle.force();
		for (let i = 0; i < 5; i++) {
			expect(oracle.mass[i]).toBeCloseTo(z(i), 12);
			for (let d = 0; d < 3; d++) {
				let sum = 0;
				for (let j = 0; j <= i; j++)
					sum += (E(i, j) * (s(i) + s(j) + 2) * at('v', j)[d]!) / 2 / (i + 1);
				expect(force[i * 3 + d]).toBeCloseTo(sum, 10);
			}
		}
	});

	it('averages heads in the score, so that their order does not matter', () => {
		const shape = { B: 1, H: 2, T: 6, K: 3, D: 4 };
		const inputs = randomInputs(shape);
		const turn = (name: 'q' | 'k') => {
			const { data, strides } = inputs[name];
			return { data: Float32Array.from([...data.subarray(18), ...data.subarray(0, 18)]), strides };
		};
		const before = prefixOracle(inputs, shape).force();
		const after = prefixOracle({ ...inputs, q: turn('q'), k: turn('k') }, shape).force();
		after.forEach((value, i) => expect(value).toBeCloseTo(before[i]!, 10));
	});

	it.each(cases.slice(0, 4).map((each) => [each.name, each] as const))(
		'is the matrix of the block: %s',
		async (_name, shape) => {
			const inputs = randomInputs(shape);
			const output = await momentumAttention(undefined, inputs, shape).output();
			const force = prefixOracle(inputs, shape).force();
			output.forEach((value, i) => expect(value).toBe(Math.fround(force[i]!)));
		},
	);

	it('names what does not fit', () => {
		const shape = { B: 1, H: 2, T: 6, K: 3, D: 4 };
		const inputs = randomInputs(shape);
		expect(() => momentumAttention(undefined, inputs, { ...shape, D: 5 })).toThrow(
			/v as \[1, 1, 6, 5\] .* needs 25 elements, got 24/,
		);
		expect(() => momentumAttention(undefined, inputs, shape, { clamp: 100 })).toThrow(
			'clamp goes up to 80',
		);
	});
});

describe('the Hamiltonian block', () => {
	it.each(['causal-pe', 'causal-fe'] as const)(
		'%s lets no later token and no length reach an earlier one, to the last bit',
		(kind) => {
			const run = (x: Float64Array, v: Float64Array) =>
				hamiltonianBlock(weights, { x, v }, { D, H }, { ...step, kind, lookAhead: 0.5 });
			const before = run(tokens.x, tokens.v);
			const later = run(
				tokens.x.map((value, at) => (at >= 5 * D ? value + 3 : value)),
				tokens.v.map((value, at) => (at >= 5 * D ? -value : value)),
			);
			const cut = run(first(tokens.x, 5), first(tokens.v, 5));
			for (const name of ['x', 'v'] as const) {
				expect(first(later[name], 5)).toEqual(first(before[name], 5));
				expect(cut[name]).toEqual(first(before[name], 5));
				expect(later[name]).not.toEqual(before[name]);
			}
		},
	);

	it('starts from rest by the kernel alone, and drifts with the new momentum or the old', () => {
		const rest = { x: tokens.x, v: new Float64Array(T * D) };
		const pe = hamiltonianBlock(weights, rest, { D, H }, { ...step, kind: 'causal-pe' });
		const fe = hamiltonianBlock(weights, rest, { D, H }, { ...step, kind: 'causal-fe' });
		expect(fe.v).toEqual(pe.v);
		expect(pe.v.some((value) => value !== 0)).toBe(true);
		expect(fe.x).toEqual(tokens.x);
		expect(pe.x).not.toEqual(tokens.x);
	});

	it('keeps its momentum normed where asked', () => {
		const { v } = hamiltonianBlock(
			{ ...weights, momentumNorm: {} },
			tokens,
			{ D, H },
			{ ...step, kind: 'causal-pe' },
		);
		const row = v.subarray(0, D);
		expect(row.reduce((sum, x) => sum + x, 0)).toBeCloseTo(0, 12);
		expect(row.reduce((sum, x) => sum + x * x, 0) / D).toBeCloseTo(1, 3);
	});

	it('names heads that do not split', () => {
		expect(() =>
			hamiltonianBlock(weights, tokens, { D, H: 4 }, { ...step, kind: 'causal-pe' }),
		).toThrow('D=6 channels do not split into H=4 heads');
	});
});

describe('the Yurii block', () => {
	const still = { mu: 0, beta: 0, gamma: 1 };
	const block: YuriiBlock = {
		...{ width: D, attend, mlp, attention: still, feedForward: still },
		attentionNorm: { scale: drawn(D, 1), shift: drawn(D, 0.1) },
	};

	it('without momentum is the standard pre-norm block', () => {
		const { x } = yuriiBlock(block, tokens);
		const middle = plus(tokens.x, [1, attend(layerNorm(tokens.x, D, block.attentionNorm))]);
		expect(x).toEqual(plus(middle, [1, mlp(layerNorm(middle, D))]));
	});

	it('carries its velocity, looks ahead along it, and norms it once a substep', () => {
		const moving = { mu: 0.5, beta: 0.9, gamma: 0.7 };
		const full = { ...block, attention: moving, feedForward: moving, velocityNorm: {} };
		const found = yuriiBlock(full, tokens);
		const ahead = (x: Float64Array, v: Float64Array) => plus(x, [0.5, v]);
		const kept = (v: Float64Array, answer: Float64Array) =>
			layerNorm(
				plus(
					v.map((value) => 0.9 * value),
					[0.7, answer],
				),
				D,
			);
		const v1 = kept(tokens.v, attend(layerNorm(ahead(tokens.x, tokens.v), D, block.attentionNorm)));
		const x1 = plus(tokens.x, [1, v1]);
		const v2 = kept(v1, mlp(layerNorm(ahead(x1, v1), D)));
		expect(found.v).toEqual(v2);
		expect(found.x).toEqual(plus(x1, [1, v2]));
	});

	it('lets no later token reach an earlier one', () => {
		const moving = { mu: 0.5, beta: 0.9, gamma: 0.7 };
		const full = { ...block, attention: moving, feedForward: moving, velocityNorm: {} };
		const later = tokens.x.map((value, at) => (at >= 5 * D ? value + 3 : value));
		const [before, after] = [yuriiBlock(full, tokens), yuriiBlock(full, { ...tokens, x: later })];
		expect(first(after.x, 5)).toEqual(first(before.x, 5));
	});
});
