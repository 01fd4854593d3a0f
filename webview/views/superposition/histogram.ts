const BINS = 48;

/** How many numbers fall into each of equal steps; what lies beyond an end counts for the last step. */
export interface Histogram {
	readonly from: number;
	readonly to: number;
	readonly counts: readonly number[];
}

interface Filling {
	readonly from: number;
	readonly to: number;
	readonly counts: number[];
}

export function emptyHistogram(from: number, to: number): Filling {
	return { from, to, counts: new Array<number>(BINS).fill(0) };
}

/** Adds one number. */
export function countIn({ from, to, counts }: Filling, value: number): void {
	const width = (to - from) / counts.length || 1;
	counts[Math.min(counts.length - 1, Math.max(0, Math.floor((value - from) / width)))]! += 1;
}

export function histogram(values: readonly number[], from: number, to: number): Histogram {
	const filled = emptyHistogram(from, to);
	for (const value of values) countIn(filled, value);
	return filled;
}
