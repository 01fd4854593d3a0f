import { arrayOf, indexOf, type Strided } from '../common/tensors.ts';
import {
	checkSuperposed,
	divisor,
	matrixShape,
	operator,
	type SuperposedInputs,
	type SuperposedOptions,
	type SuperposedShape,
} from './shape.ts';

/** The layer as its equations read, in float64. Symbols: README.md. */
export interface SuperposedReference {
	/** Row t of the effective matrix for one (batch, head) of the results: M·T numbers. */
	row(batch: number, head: number, t: number): Float64Array;
	/** `[batch, H, M·T, K]`: what the columns of that matrix stand for. */
	values(): Float64Array;
	/** `[batch, H, T, K]`, through the shared state as the paper computes it, not through the matrix. */
	output(): Float64Array;
	/** `[B, M, N, H, T]`: `den_mn`. The shared denominator is its sum over m. */
	denominators(): Float64Array;
}

/**
 * @throws KernelError `shape` when something does not fit, `device` for tensors on a GPU
 * @see Menet et al., "MIMONets", arXiv:2312.02829, section 4 (FAVOR+S)
 */
export function superposedAttentionReference(
	inputs: SuperposedInputs,
	shape: SuperposedShape,
	options: SuperposedOptions = {},
): SuperposedReference {
	checkSuperposed(inputs, shape, options);
	const { B, M, N, H, T, K, F } = shape;
	const { denominator = 'cell', ownRow = 0 } = options;
	const { B: batches } = matrixShape(shape, options);
	const shared = denominator === 'shared';
	const bundles = bundled(inputs, shape);
	const queries = features(bundles.queries, inputs, shape, options); // [B, N, H, T, F]
	const keys = features(bundles.keys, inputs, shape, options); // [B, M, H, T, F]

	const masses = new Float64Array(B * M * H * F);
	for (let at = 0; at < keys.length; at++)
		masses[Math.floor(at / (T * F)) * F + (at % F)]! += keys[at]!;

	const dot = (a: Float64Array, from: number, b: Float64Array, other: number) => {
		let sum = 0;
		for (let r = 0; r < F; r++) sum += a[from + r]! * b[other + r]!;
		return sum;
	};
	const queryAt = (b: number, n: number, h: number, t: number) =>
		(((b * N + n) * H + h) * T + t) * F;
	const cellMass = (b: number, m: number, n: number, h: number, t: number) =>
		dot(queries, queryAt(b, n, h, t), masses, ((b * M + m) * H + h) * F);
	const place = (batch: number) => {
		const b = Math.floor(batch / (shared ? N : M * N));
		return { b, m: shared ? ownRow : Math.floor(batch / N) % M, n: batch % N };
	};
	const mass = (b: number, m: number, n: number, h: number, t: number) => {
		if (!shared) return cellMass(b, m, n, h, t);
		let sum = 0;
		for (let row = 0; row < M; row++) sum += cellMass(b, row, n, h, t);
		return sum;
	};
	const sign = (m: number, n: number, d: number) =>
		shared ? 1 : inputs.keys[(m * N + n) * K + d]!;

	return {
		row(batch, h, t) {
			const { b, m, n } = place(batch);
			const den = mass(b, m, n, h, t);
			return Float64Array.from({ length: M * T }, (_, c) => {
				const from = (m + Math.floor(c / T)) % M;
				const key = (((b * M + from) * H + h) * T + (c % T)) * F;
				return dot(queries, queryAt(b, n, h, t), keys, key) / den;
			});
		},
		values() {
			const values = new Float64Array(batches * H * M * T * K);
			for (let at = 0; at < values.length; at++) {
				const [c, d] = [Math.floor(at / K) % (M * T), at % K];
				const outer = Math.floor(at / (K * M * T));
				const { b, m, n } = place(Math.floor(outer / H));
				const from = (m + Math.floor(c / T)) % M;
				const source = (((b * M + from) * H + (outer % H)) * T + (c % T)) * K + d;
				values[at] = sign(m, n, d) * bundles.values[source]!;
			}
			return values;
		},
		output() {
			const state = new Float64Array(B * H * F * K);
			for (let row = 0; row < B * M * H * T; row++) {
				const head = Math.floor(row / (M * H * T)) * H + (Math.floor(row / T) % H);
				for (let r = 0; r < F; r++) {
					for (let d = 0; d < K; d++) {
						state[(head * F + r) * K + d]! += keys[row * F + r]! * bundles.values[row * K + d]!;
					}
				}
			}
			const output = new Float64Array(batches * H * T * K);
			for (let row = 0; row < batches * H * T; row++) {
				const [h, t] = [Math.floor(row / T) % H, row % T];
				const { b, m, n } = place(Math.floor(row / (H * T)));
				const den = mass(b, m, n, h, t);
				const query = queryAt(b, n, h, t);
				for (let d = 0; d < K; d++) {
					let sum = 0;
					for (let r = 0; r < F; r++) {
						sum += queries[query + r]! * state[((b * H + h) * F + r) * K + d]!;
					}
					output[row * K + d] = (sign(m, n, d) * sum) / den;
				}
			}
			return output;
		},
		denominators: () =>
			Float64Array.from({ length: B * M * N * H * T }, (_, at) => {
				const [t, h] = [at % T, Math.floor(at / T) % H];
				const cell = Math.floor(at / (T * H));
				return cellMass(Math.floor(cell / (M * N)), Math.floor(cell / N) % M, cell % N, h, t);
			}),
	};
}

interface Bundles {
	/** `[B, N, H, T, K]`. */
	readonly queries: Float64Array;
	/** `[B, M, H, T, K]`. */
	readonly keys: Float64Array;
	/** `[B, M, H, T, K]`. */
	readonly values: Float64Array;
}

function bundled(inputs: SuperposedInputs, shape: SuperposedShape): Bundles {
	const { B, M, N, H, T, K } = shape;
	const { mask } = inputs;
	const seen = mask && arrayOf(operator, 'mask', mask);
	const one = (name: 'q' | 'k' | 'v', sides: number, over: 'rows' | 'columns') => {
		const tensor: Strided = inputs[name];
		const data = arrayOf(operator, name, tensor);
		const scale = name === 'v' ? 1 : 1 / divisor(shape);
		const sums = new Float64Array(B * sides * H * T * K);
		for (let at = 0; at < sums.length; at++) {
			const [d, t, h] = [at % K, Math.floor(at / K) % T, Math.floor(at / (K * T)) % H];
			const outer = Math.floor(at / (K * T * H));
			const [b, side] = [Math.floor(outer / sides), outer % sides];
			for (let i = 0; i < (over === 'rows' ? M : N); i++) {
				const [m, n] = over === 'rows' ? [i, side] : [side, i];
				const batch = (b * M + m) * N + n;
				const kept = seen && name !== 'q' ? seen[indexOf(mask, batch, 0, t, 0)]! : 1;
				sums[at]! +=
					inputs.keys[(m * N + n) * K + d]! * data[indexOf(tensor, batch, h, t, d)]! * kept * scale;
			}
		}
		return sums;
	};
	return {
		queries: one('q', N, 'rows'),
		keys: one('k', M, 'columns'),
		values: one('v', M, 'columns'),
	};
}

/** `φ` of every vector of K: F numbers each. */
function features(
	vectors: Float64Array,
	{ projection }: SuperposedInputs,
	{ K, F }: SuperposedShape,
	{ features: kind = 'relu', epsilon = 1e-3 }: SuperposedOptions,
): Float64Array {
	const rescale = K ** -0.25;
	return Float64Array.from({ length: (vectors.length / K) * F }, (_, at) => {
		const [vector, r] = [Math.floor(at / F), at % F];
		let sum = 0;
		for (let d = 0; d < K; d++) sum += projection[r * K + d]! * rescale * vectors[vector * K + d]!;
		return (kind === 'relu' ? Math.max(0, sum) : Math.exp(sum)) + epsilon;
	});
}
