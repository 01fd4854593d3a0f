/** Bounds of a share, each 0 to 1. */
export interface Interval {
	readonly low: number;
	readonly high: number;
}

/** Standard deviations on either side of 95 % of a normal distribution. */
const Z = 1.959963984540054;

/**
 * The 95 % interval of a share of which `right` of `asked` are a sample; all of 0 to 1 where nothing was asked.
 *
 * @see Wilson, "Probable inference, the law of succession, and statistical inference", 1927
 */
export function wilson(right: number, asked: number): Interval {
	if (asked === 0) return { low: 0, high: 1 };
	const share = right / asked;
	const middle = share + Z ** 2 / (2 * asked);
	const reach = Z * Math.sqrt((share * (1 - share)) / asked + Z ** 2 / (4 * asked ** 2));
	const scale = 1 + Z ** 2 / asked;
	return {
		low: right === 0 ? 0 : (middle - reach) / scale,
		high: right === asked ? 1 : (middle + reach) / scale,
	};
}
