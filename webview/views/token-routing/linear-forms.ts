import { seeded } from '../../../kernels/common/seeded.ts';
import {
	mapFeatures,
	type FeatureMap,
} from '../../../kernels/linear-attention/linear-attention.ts';

/** What could stand in a softmax's place without training; all but `delta` have a normaliser. */
export const FORMS = ['taylor2', 'elu1', 'relu', 'favor', 'delta'] as const;
export type LinearForm = (typeof FORMS)[number];
export type NormalisedForm = Exclude<LinearForm, 'delta'>;
export const NORMALISED = FORMS.filter((form) => form !== 'delta');

export const formNames: Readonly<Record<LinearForm, string>> = {
	taylor2: 'Taylor-2',
	elu1: 'elu + 1',
	relu: 'ReLU',
	favor: 'FAVOR+',
	delta: 'delta rule',
};

/** Random features of FAVOR+. */
const RANDOM_FEATURES = 256;

/** Vectors of one head, row-major: queries `[T, K]`, keys `[S, K]`, values `[S, V]`. */
export interface HeadVectors {
	readonly q: Float64Array;
	readonly k: Float64Array;
	readonly v: Float64Array;
	readonly K: number;
	readonly V: number;
	/** Multiplies q·k in the softmax. */
	readonly scale: number;
}

/** `φ(q_t)·φ(k_j)` of a form, at least 0. */
export type LinearWeight = (t: number, j: number) => number;

/** `scale · q_t·k_j`: the score that softmax takes the exponential of. */
export function scores({ q, k, K, scale }: HeadVectors): LinearWeight {
	return (t, j) => {
		let sum = 0;
		for (let i = 0; i < K; i++) sum += q[t * K + i]! * k[j * K + i]!;
		return sum * scale;
	};
}

/**
 * Taylor-2 and FAVOR+ approximate exp of the same score; elu + 1 and ReLU map the vectors as they are.
 *
 * @see arXiv:2402.18668 (Taylor-2), arXiv:2006.16236 (elu + 1), arXiv:2009.14794 (FAVOR+)
 */
export function linearWeight(form: NormalisedForm, head: HeadVectors): LinearWeight {
	if (form === 'taylor2') {
		const score = scores(head);
		return (t, j) => {
			const s = score(t, j);
			return 1 + s + (s * s) / 2;
		};
	}
	const { q, k, K, scale } = head;
	const map: FeatureMap =
		form === 'favor'
			? { kind: 'favor', projection: projection(K), nonlinearity: 'exp', epsilon: 0 }
			: { kind: form };
	// FAVOR+ divides each side by K^¼, so the score comes out once both are multiplied by this
	const size = form === 'favor' ? Math.sqrt(scale * Math.sqrt(K)) : 1;
	const features = (vectors: Float64Array) =>
		Array.from({ length: vectors.length / K }, (_, at) =>
			mapFeatures(
				map,
				vectors.slice(at * K, (at + 1) * K).map((x) => x * size),
			),
		);
	const [left, right] = [features(q), features(k)];
	return (t, j) => {
		const [a, b] = [left[t]!, right[j]!];
		let sum = 0;
		for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
		return sum;
	};
}

/** `[256, K]`: Gaussian directions, orthogonal within each block of K; the same for every head and run. */
export function projection(K: number): Float32Array<ArrayBuffer> {
	const next = seeded(K);
	const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
	const gaussian = () => Float64Array.from({ length: K }, normal);
	const length = (x: Float64Array) => Math.hypot(...x);
	const rows = new Float32Array(RANDOM_FEATURES * K);
	let block: Float64Array[] = [];
	for (let r = 0; r < RANDOM_FEATURES; r++) {
		if (r % K === 0) block = [];
		let row = gaussian();
		for (const other of block) {
			const along = row.reduce((sum, x, i) => sum + x * other[i]!, 0);
			row = row.map((x, i) => x - along * other[i]!);
		}
		const unit = length(row);
		row = row.map((x) => x / unit);
		block.push(row);
		const reach = length(gaussian());
		rows.set(
			row.map((x) => x * reach),
			r * K,
		);
	}
	return rows;
}
