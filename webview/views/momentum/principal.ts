import { seeded } from '../../../kernels/common/seeded.ts';

/** Two directions that a cloud of points is drawn along. */
export interface Projection {
	/** `[width]`. */
	readonly mean: Float64Array;
	/** `[2, width]`, orthonormal. */
	readonly axes: Float64Array;
	/** Share of the variance that each axis holds. */
	readonly held: readonly [number, number];
}

const SWEEPS = 60;

/**
 * The first two principal components of points, by orthogonal iteration: no matrix of width² is built.
 *
 * @param clouds each `[count, width]`, row-major; all of them share the axes
 */
export function principalAxes(clouds: readonly ArrayLike<number>[], width: number): Projection {
	const count = clouds.reduce((sum, cloud) => sum + cloud.length / width, 0);
	const mean = new Float64Array(width);
	const each = (use: (cloud: ArrayLike<number>, from: number) => void) => {
		for (const cloud of clouds) for (let from = 0; from < cloud.length; from += width) use(cloud, from); // prettier-ignore
	};
	each((cloud, from) => {
		for (let d = 0; d < width; d++) mean[d]! += cloud[from + d]! / count;
	});
	const random = seeded(1);
	const axes = Float64Array.from({ length: 2 * width }, () => random() - 0.5);
	orthonormal(axes, width);
	let spread = [0, 0];
	let total = 0;
	for (let sweep = 0; sweep < SWEEPS; sweep++) {
		const next = new Float64Array(2 * width);
		const found = [0, 0];
		total = 0;
		each((cloud, from) => {
			const along = [0, 0];
			for (let d = 0; d < width; d++) {
				const value = cloud[from + d]! - mean[d]!;
				along[0]! += value * axes[d]!;
				along[1]! += value * axes[width + d]!;
				total += value * value;
			}
			found[0]! += along[0]! ** 2;
			found[1]! += along[1]! ** 2;
			for (let d = 0; d < width; d++) {
				const value = cloud[from + d]! - mean[d]!;
				next[d]! += along[0]! * value;
				next[width + d]! += along[1]! * value;
			}
		});
		const settled = found.every((value, at) => Math.abs(value - spread[at]!) <= 1e-9 * total);
		spread = found;
		if (settled || total === 0) break;
		axes.set(next);
		orthonormal(axes, width);
	}
	const share = (at: number) => (total === 0 ? 0 : spread[at]! / total);
	return { mean, axes, held: [share(0), share(1)] };
}

function orthonormal(axes: Float64Array, width: number): void {
	const [first, second] = [axes.subarray(0, width), axes.subarray(width)];
	normalise(first);
	let along = 0;
	for (let d = 0; d < width; d++) along += first[d]! * second[d]!;
	for (let d = 0; d < width; d++) second[d]! -= along * first[d]!;
	normalise(second);
}

function normalise(axis: Float64Array): void {
	const length = Math.sqrt(axis.reduce((sum, value) => sum + value * value, 0));
	if (length > 0) for (let d = 0; d < axis.length; d++) axis[d]! /= length;
}

/**
 * @param points `[count, width]`
 * @param offset whether they are places, from the mean, or arrows, from nothing
 * @returns `[count, 2]`
 */
export function project(
	points: ArrayLike<number>,
	{ mean, axes }: Projection,
	offset: 'place' | 'arrow',
): Float32Array {
	const width = mean.length;
	const count = points.length / width;
	const xy = new Float32Array(count * 2);
	for (let i = 0; i < count; i++) {
		for (let axis = 0; axis < 2; axis++) {
			let along = 0;
			for (let d = 0; d < width; d++) {
				const value = points[i * width + d]! - (offset === 'place' ? mean[d]! : 0);
				along += value * axes[axis * width + d]!;
			}
			xy[i * 2 + axis] = along;
		}
	}
	return xy;
}
