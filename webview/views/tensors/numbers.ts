/** What can be said of a tensor's values; figures are over the finite ones. */
export interface Numbers {
	readonly count: number;
	/** NaN where there is no finite value. */
	readonly min: number;
	readonly max: number;
	readonly mean: number;
	readonly deviation: number;
	readonly nan: number;
	readonly infinite: number;
	readonly zero: number;
	/** Finite, and beyond what float16 can hold. */
	readonly overHalf: number;
	/** Within a factor of 4 of the largest float16, and not over it. */
	readonly nearHalf: number;
	/** Not zero, and smaller than the smallest normal float16: it would lose precision or vanish. */
	readonly underHalf: number;
}

/** Largest finite float16. */
export const LARGEST_HALF = 65504;
/** Smallest normal float16, 2^−14. */
export const SMALLEST_HALF = 2 ** -14;
/** Closer than this factor to the largest float16 is near it. */
const NEAR = 4;

/** Sums in float64, so that a million values lose nothing. */
export function numbersOf(values: Float32Array): Numbers {
	let [min, max, sum, squares] = [Infinity, -Infinity, 0, 0];
	let [nan, infinite, zero, overHalf, nearHalf, underHalf] = [0, 0, 0, 0, 0, 0];
	for (const value of values) {
		if (Number.isNaN(value)) nan++;
		else if (!Number.isFinite(value)) infinite++;
		else {
			const size = Math.abs(value);
			if (value < min) min = value;
			if (value > max) max = value;
			sum += value;
			squares += value * value;
			if (size === 0) zero++;
			else if (size < SMALLEST_HALF) underHalf++;
			else if (size > LARGEST_HALF) overHalf++;
			else if (size > LARGEST_HALF / NEAR) nearHalf++;
		}
	}
	const finite = values.length - nan - infinite;
	const mean = sum / finite;
	return {
		count: values.length,
		...(finite === 0 ? { min: NaN, max: NaN, mean: NaN, deviation: NaN } : { min, max, mean, deviation: Math.sqrt(Math.max(0, squares / finite - mean * mean)) }), // prettier-ignore
		...{ nan, infinite, zero, overHalf, nearHalf, underHalf },
	};
}

/** Counts of finite values in bins of equal width from `min` to `max`; one bin where all are equal. */
export interface Histogram {
	readonly min: number;
	readonly max: number;
	readonly counts: readonly number[];
}

export function histogramOf(values: Float32Array, { min, max }: Numbers, bins: number): Histogram {
	if (!Number.isFinite(min)) return { min: 0, max: 0, counts: [] };
	const counts = Array<number>(max > min ? bins : 1).fill(0);
	const scale = max > min ? counts.length / (max - min) : 0;
	for (const value of values) {
		if (!Number.isFinite(value)) continue;
		const bin = Math.min(counts.length - 1, Math.floor((value - min) * scale));
		counts[bin]! += 1;
	}
	return { min, max, counts };
}

/** How far `values` lie from `other`: ‖values − other‖ / ‖other‖, and the largest difference; NaN where they do not agree on what is no number. */
export function distanceOf(
	values: Float32Array,
	other: Float32Array,
): { readonly relative: number; readonly largest: number } {
	let [difference, size, largest] = [0, 0, 0];
	for (let at = 0; at < values.length; at++) {
		const [a, b] = [values[at]!, other[at]!];
		if (Object.is(a, b) || a === b) {
			if (Number.isFinite(b)) size += b * b;
			continue;
		}
		if (!Number.isFinite(a) || !Number.isFinite(b)) return { relative: NaN, largest: NaN };
		const apart = Math.abs(a - b);
		if (apart > largest) largest = apart;
		difference += apart * apart;
		size += b * b;
	}
	return { relative: difference === 0 ? 0 : Math.sqrt(difference / (size || 1)), largest };
}
