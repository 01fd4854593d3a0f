import { dot, type HeadReader } from '../common/memory/memory-reference.ts';

/** Sizes of one head and of a chunk, in tokens. */
export interface ChunkShape {
	readonly T: number;
	readonly K: number;
	readonly V: number;
	readonly C: number;
}

/**
 * One head of the gated delta rule in its chunkwise form, in float64. `(I + A) X = Y` is solved row by row:
 * the product of powers that equals the inverse on paper loses every digit when keys resemble each other.
 * For one decay a head.
 *
 * @param seen told of the state `[K, V]` at the end of every chunk
 * @returns `output` and the writes `u`, both `[T, V]`
 * @see Yang, Kautz, Hatamizadeh, "Gated Delta Networks", arXiv:2412.06464, section 3.3
 */
export function gatedDeltaChunks(
	head: HeadReader,
	{ T, K, V, C }: ChunkShape,
	seen?: (after: number, state: readonly Float64Array[]) => void,
): { output: Float64Array; u: Float64Array } {
	const output = new Float64Array(T * V);
	const written = new Float64Array(T * V);
	const start = head.initial();
	let state = Array.from({ length: K }, (_, i) => start.slice(i * V, (i + 1) * V));
	for (let from = 0; from < T; from += C) {
		const tokens = Array.from({ length: Math.min(C, T - from) }, (_, i) => from + i);
		const keys = tokens.map((t) => head.k(t));
		const decayed: number[] = [];
		tokens.forEach((t, i) => decayed.push((decayed[i - 1] ?? 1) * head.decay(t)[0]!));
		const between = (i: number, j: number) => decayed[i]! / decayed[j]!;

		const u: Float64Array[] = [];
		const w: Float64Array[] = [];
		tokens.forEach((t, i) => {
			const beta = head.beta(t);
			let uRow = head.v(t).map((x) => beta * x);
			let wRow = keys[i]!.map((x) => beta * decayed[i]! * x);
			for (let j = 0; j < i; j++) {
				const a = beta * dot(keys[i]!, keys[j]!) * between(i, j);
				uRow = uRow.map((x, d) => x - a * u[j]![d]!);
				wRow = wRow.map((x, n) => x - a * w[j]![n]!);
			}
			u.push(uRow);
			w.push(wRow);
		});

		const read = (vector: Float64Array) =>
			Float64Array.from({ length: V }, (_, d) =>
				vector.reduce((sum, x, i) => sum + x * state[i]![d]!, 0),
			);
		const writes = u.map((row, i) => {
			const recalled = read(w[i]!);
			return row.map((x, d) => x - recalled[d]!);
		});
		tokens.forEach((t, i) => {
			const q = head.q(t);
			let answer = read(q).map((x) => x * decayed[i]!);
			for (let j = 0; j <= i; j++) {
				const weight = dot(q, keys[j]!) * between(i, j);
				answer = answer.map((x, d) => x + weight * writes[j]![d]!);
			}
			output.set(answer, t * V);
			written.set(writes[i]!, t * V);
		});
		const last = tokens.length - 1;
		state = state.map((row, i) =>
			row.map((x, d) =>
				writes.reduce(
					(sum, write, j) => sum + between(last, j) * keys[j]![i]! * write[d]!,
					x * decayed[last]!,
				),
			),
		);
		seen?.(tokens[last]! + 1, state);
	}
	return { output, u: written };
}
