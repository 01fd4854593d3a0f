import { KernelError } from '../common/kernel-error.ts';
import type { Strided, Sizes } from '../common/tensors.ts';
import { contiguous, offsetOf } from '../common/tensors.ts';
import features from './features.wgsl';

/** How a query or key of K channels becomes F features. README.md has the formulas. */
export type FeatureMap =
	{ readonly kind: 'identity' | 'elu1' | 'relu' | 'exp' | 'taylor2' } | FavorMap;

/** Random features (FAVOR+). */
export interface FavorMap {
	readonly kind: 'favor';
	/** `[R, K]`, row-major. */
	readonly projection: Float32Array<ArrayBuffer>;
	/** `exp` approximates softmax, `relu` is the cheaper kernel. */
	readonly nonlinearity: 'exp' | 'relu';
	/** Added to every feature. */
	readonly epsilon: number;
}

/** Number of features of a vector of K channels. */
export function featureCount(map: FeatureMap, K: number): number {
	if (map.kind === 'taylor2') return 1 + K + K * K;
	if (map.kind === 'favor') return map.projection.length / K;
	return K;
}

/** @throws KernelError `shape` when a projection does not fit K. */
export function checkFeatures(operator: string, map: FeatureMap, K: number): void {
	if (map.kind !== 'favor') return;
	const rows = featureCount(map, K);
	if (Number.isInteger(rows) && rows > 0) return;
	throw new KernelError(
		'shape',
		`${operator}: the projection must be [R, K=${K}], got ${map.projection.length} elements`,
	);
}

/** The features of one vector as the formulas read, in float64. */
export function mapFeatures(map: FeatureMap, x: Float64Array): Float64Array {
	switch (map.kind) {
		case 'identity':
			return x;
		case 'elu1':
			return x.map((a) => (a > 0 ? a + 1 : Math.exp(a)));
		case 'relu':
			return x.map((a) => Math.max(a, 0));
		case 'exp':
			return x.map(Math.exp);
		case 'taylor2': {
			const y = x.map((a) => a / x.length ** 0.25);
			const squares = Array.from(y, (a) => Array.from(y, (b) => (a * b) / Math.SQRT2));
			return Float64Array.from([1, ...y, ...squares.flat()]);
		}
		case 'favor':
			return randomFeatures(map, x);
	}
}

function randomFeatures(
	{ projection, nonlinearity, epsilon }: FavorMap,
	x: Float64Array,
): Float64Array {
	const y = x.map((a) => a / x.length ** 0.25);
	const R = projection.length / x.length;
	const half = y.reduce((sum, a) => sum + a * a, 0) / 2;
	return Float64Array.from({ length: R }, (_, r) => {
		const along = y.reduce((sum, a, i) => sum + a * projection[r * x.length + i]!, 0);
		if (nonlinearity === 'relu') return Math.max(along, 0) + epsilon;
		return (Math.exp(along - half) + epsilon) / Math.sqrt(R);
	});
}

const KINDS = { identity: 0, elu1: 1, relu: 2, exp: 3, taylor2: 4, favor: 5 } as const;
const NOTHING = new Float32Array(1);

/** A tensor `[B, heads, T, K]` as its features `[B, heads, T, F]`, made on the GPU when it is read. */
export function featuresOf(map: FeatureMap, source: Strided, sizes: Sizes): Strided {
	if (map.kind === 'identity') return source;
	const [B, heads, T, K] = sizes;
	const F = featureCount(map, K);
	const length = B * heads * T * F;
	return {
		strides: contiguous('BHTK', [B, heads, T, F]),
		data: {
			length,
			derive: (recording) => {
				const target = recording.scratch(length);
				recording.dispatch({
					label: `${recording.label}: features`,
					shader: features,
					constants: {
						kind: KINDS[map.kind],
						relu_projection: map.kind === 'favor' && map.nonlinearity === 'relu',
					},
					whole: [...source.strides, offsetOf(source), heads, T, K, F],
					real: [map.kind === 'favor' ? map.epsilon : 0],
					buffers: [
						recording.input(source.data),
						recording.input(map.kind === 'favor' ? map.projection : NOTHING),
						target,
					],
					workgroups: [Math.ceil(F / 64), T, B * heads],
					work: map.kind === 'favor' ? length * K : length,
				});
				return target;
			},
		},
	};
}
