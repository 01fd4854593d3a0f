/**
 * What the keys of each chunk give each query: R queries, N chunks, V channels of a value. The answer of a query is the sum of
 * its chunks' `sums` over the sum of their `masses`.
 */
export interface ChunkParts {
	/** `[R, N, V]` and `[R, N]`. */
	readonly sums: Float64Array;
	readonly masses: Float64Array;
}

export interface ChunkSizes {
	readonly R: number;
	readonly N: number;
	readonly V: number;
}

/** Chunks in the order in which they are best kept, and what is left of the error after each; `errors[0]` with none kept. */
export interface KeepCurve {
	readonly order: readonly number[];
	/** `‖answer − wanted‖ / ‖wanted‖`, one more than `order`. */
	readonly errors: readonly number[];
}

/**
 * Greedy: of the chunks still folded the one whose exact parts take most from the error is kept next, until all are.
 *
 * @param open the chunk of each query, which is exact from the start; −1 for none
 * @param wanted `[R, V]`
 */
export function keepChunks(
	exact: ChunkParts,
	folded: ChunkParts,
	open: Int32Array,
	wanted: Float64Array,
	{ R, N, V }: ChunkSizes,
): KeepCurve {
	const sums = new Float64Array(R * V);
	const masses = new Float64Array(R);
	for (let r = 0; r < R; r++) {
		for (let n = 0; n < N; n++) {
			const part = n === open[r] ? exact : folded;
			masses[r]! += part.masses[r * N + n]!;
			for (let d = 0; d < V; d++) sums[r * V + d]! += part.sums[(r * N + n) * V + d]!;
		}
	}
	const size = wanted.reduce((sum, x) => sum + x * x, 0);
	const missed = new Float64Array(R);
	/** Squared error of a query, where chunk n were exact; −1 for none more. */
	const missing = (r: number, n: number) => {
		const cell = r * N + n;
		const mass = n < 0 ? masses[r]! : masses[r]! + exact.masses[cell]! - folded.masses[cell]!;
		let sum = 0;
		for (let d = 0; d < V; d++) {
			const at = r * V + d;
			const given =
				n < 0 ? sums[at]! : sums[at]! + exact.sums[cell * V + d]! - folded.sums[cell * V + d]!;
			sum += ((mass > 0 ? given / mass : 0) - wanted[at]!) ** 2;
		}
		return sum;
	};
	const touches = (r: number, n: number) =>
		n !== open[r] && (exact.masses[r * N + n] !== 0 || folded.masses[r * N + n] !== 0);
	for (let r = 0; r < R; r++) missed[r] = missing(r, -1);
	const left = new Set(Array.from({ length: N }, (_, n) => n));
	const relative = () => (size > 0 ? Math.sqrt(missed.reduce((a, x) => a + x, 0) / size) : 0);
	const order: number[] = [];
	const errors = [relative()];
	while (left.size > 0) {
		let best = -1;
		let most = -Infinity;
		for (const n of left) {
			let gain = 0;
			for (let r = 0; r < R; r++) if (touches(r, n)) gain += missed[r]! - missing(r, n);
			if (gain > most) [best, most] = [n, gain];
		}
		for (let r = 0; r < R; r++) {
			if (!touches(r, best)) continue;
			missed[r] = missing(r, best);
			const cell = r * N + best;
			masses[r]! += exact.masses[cell]! - folded.masses[cell]!;
			for (let d = 0; d < V; d++) {
				sums[r * V + d]! += exact.sums[cell * V + d]! - folded.sums[cell * V + d]!;
			}
		}
		left.delete(best);
		order.push(best);
		errors.push(relative());
	}
	return { order, errors };
}

/** How many chunks, the first of the order, bring the error to at most `error`. */
export function keptFor({ order, errors }: KeepCurve, error: number): number {
	const at = errors.findIndex((left) => left <= error);
	return at < 0 ? order.length : at;
}
