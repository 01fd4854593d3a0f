import type { Residual, RowStatistics } from './attention-results.ts';

/** Numbers that a row's statistics take, in the order that `splitStatistics` reads. */
export const STATISTIC_FIELDS = 7;

/** Turns `[rows, 7]` into one array a statistic. */
export function splitStatistics(values: ArrayLike<number>): RowStatistics {
	const length = values.length / STATISTIC_FIELDS;
	const field = (at: number) =>
		Float32Array.from({ length }, (_, row) => values[row * STATISTIC_FIELDS + at]!);
	return {
		entropy: field(0),
		largest: field(1),
		largestAt: Uint32Array.from(field(2)),
		self: field(3),
		distance: field(4),
		negative: field(5),
		mass: field(6),
	};
}

/**
 * The residual from pairs of sums: squared difference, squared size of what was given.
 * @param sums `[heads, any, 2]`
 */
export function residualOf(heads: number, sums: ArrayLike<number>): Residual {
	const ratios = new Float64Array(heads);
	const perHead = sums.length / heads;
	let apart = 0;
	let size = 0;
	for (let head = 0; head < heads; head++) {
		let headApart = 0;
		let headSize = 0;
		for (let i = head * perHead; i < (head + 1) * perHead; i += 2) {
			headApart += sums[i]!;
			headSize += sums[i + 1]!;
		}
		ratios[head] = ratio(headApart, headSize);
		apart += headApart;
		size += headSize;
	}
	return { overall: ratio(apart, size), heads: ratios };
}

function ratio(apart: number, size: number): number {
	return apart === 0 && size === 0 ? 0 : Math.sqrt(apart / size);
}
