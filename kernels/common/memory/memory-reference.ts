import { headsOf } from '../head-arrays.ts';
import { arrayOf, indexOf, type Strided } from '../tensors.ts';
import type { MemoryInputs, MemoryRule, MemoryShape } from './memory.ts';

/** One head's tensors of a memory as vectors, whatever their layout. */
export interface HeadReader {
	/** Scaled. Vectors are read, never written. */
	q(t: number): Float64Array;
	k(t: number): Float64Array;
	v(t: number): Float64Array;
	/** `[K]`. */
	decay(t: number): Float64Array;
	beta(t: number): number;
	/** `[K, V]`. */
	initial(): Float64Array;
	/** Whether what token t wrote was rolled back before `reader` reads. */
	rolledBack(t: number, reader: number): boolean;
	/** The same for its decay. */
	undecayed(t: number, reader: number): boolean;
}

/** @throws KernelError `device` for tensors on a GPU. */
export function headReader(
	inputs: MemoryInputs,
	shape: MemoryShape,
	{ operator, scale, routes }: MemoryRule,
	b: number,
	h: number,
): HeadReader {
	const { H, queryHeads, keyHeads, valueHeads, T, K, V } = shape;
	const reader = (name: string, tensor: Strided, heads: number, channels: number) => {
		const values = headsOf(operator, name, tensor, T, channels);
		let rows: readonly Float64Array[] | undefined;
		return (t: number) => {
			rows ??= rowsOf(values(b, Math.floor((h * heads) / H)), channels);
			return rows[t]!;
		};
	};
	const { decay, beta, initial } = inputs;
	const q = reader('q', inputs.q, queryHeads, K);
	const a = decay && reader('decay', decay.tensor, valueHeads, K);
	const factors =
		a && Array.from({ length: T }, (_, t) => (decay.is === 'log' ? a(t).map(Math.exp) : a(t)));
	const ones = new Float64Array(K).fill(1);
	const w = beta && reader('beta', beta, valueHeads, 1);
	const started = initial && arrayOf(operator, 'initial', initial);
	const passed = (t: number, later: number) => {
		if (!routes) return false;
		const chunk = Math.floor(t / routes.chunk);
		if (chunk === Math.floor(later / routes.chunk)) return false;
		return routes.types[(b * H + h) * Math.ceil(T / routes.chunk) + chunk] === 0;
	};
	return {
		q: (t) => q(t).map((x) => x * scale),
		k: reader('k', inputs.k, keyHeads, K),
		v: reader('v', inputs.v, valueHeads, V),
		decay: (t) => factors?.[t] ?? ones,
		beta: (t) => w?.(t)[0] ?? 1,
		initial: () =>
			Float64Array.from({ length: K * V }, (_, at) =>
				started ? started[indexOf(initial, b, h, Math.floor(at / V), at % V)]! : 0,
			),
		rolledBack: passed,
		undecayed: (t, later) => passed(t, later) && !routes!.keepDecay,
	};
}

function rowsOf(values: Float64Array, width: number): Float64Array[] {
	return Array.from({ length: values.length / width }, (_, t) =>
		values.subarray(t * width, (t + 1) * width),
	);
}

export function dot(a: Float64Array, b: Float64Array): number {
	let sum = 0;
	for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
	return sum;
}

/**
 * Row t of the effective matrix by the adjoint recursion: `r = q_t`; from `j = t` down,
 * `M[t,j] = w_j k_j·r` and `r ← a_j ⊙ (r − e_j (k_j·r) k_j)`.
 *
 * @returns `weights` `[T]`, and `r`, which reads the initial state
 */
export function memoryRow(
	head: HeadReader,
	erases: boolean,
	T: number,
	t: number,
): { weights: Float64Array; r: Float64Array } {
	const weights = new Float64Array(T);
	const r = head.q(t).slice();
	for (let j = t; j >= 0; j--) {
		const k = head.k(j);
		const strength = head.rolledBack(j, t) ? 0 : head.beta(j);
		const asked = dot(k, r);
		weights[j] = strength * asked;
		const decay = head.decay(j);
		const kept = head.undecayed(j, t);
		const taken = erases ? strength * asked : 0;
		for (let i = 0; i < r.length; i++) r[i] = (kept ? 1 : decay[i]!) * (r[i]! - taken * k[i]!);
	}
	return { weights, r };
}

/**
 * The step form: `S* = a_t ⊙ S`; `u_t = w_t v_t − e_t S*ᵀ k_t`; `S = S* + k_t u_tᵀ`; `o_t = Sᵀ q_t`.
 *
 * @param seen told of the state after every token and of what it wrote, `[V]`; both arrays are re-used
 * @returns `[T, V]`
 */
export function memorySteps(
	head: HeadReader,
	erases: boolean,
	{ T, K, V }: { readonly T: number; readonly K: number; readonly V: number },
	chunk = Infinity,
	seen?: (after: number, state: Float64Array, u: Float64Array) => void,
): Float64Array {
	const output = new Float64Array(T * V);
	let state = head.initial();
	let committed = state.slice();
	const written = new Float64Array(V);
	seen?.(0, state, written);
	for (let t = 0; t < T; t++) {
		const [q, k, v, a] = [head.q(t), head.k(t), head.v(t), head.decay(t)];
		const beta = head.beta(t);
		for (let d = 0; d < V; d++) {
			let recalled = 0;
			for (let i = 0; i < K; i++) {
				state[i * V + d]! *= a[i]!;
				recalled += k[i]! * state[i * V + d]!;
			}
			const u = beta * (v[d]! - (erases ? recalled : 0));
			written[d] = u;
			let answer = 0;
			for (let i = 0; i < K; i++) {
				state[i * V + d]! += k[i]! * u;
				answer += q[i]! * state[i * V + d]!;
			}
			output[t * V + d] = answer;
		}
		if (!head.undecayed(t, t + chunk))
			committed = committed.map((x, at) => x * a[Math.floor(at / V)]!);
		if ((t + 1) % chunk === 0) {
			if (head.rolledBack(t, t + chunk)) state = committed;
			committed = state.slice();
		}
		seen?.(t + 1, state, written);
	}
	return output;
}

/**
 * Follows what token `write` stored under its key, for one fixed reader vector:
 * `y = w_j k_j`, then `y ← (I − e_s k_s k_sᵀ) diag(a_s) y` for every later token s. Where a chunk's writes
 * are rolled back, what that takes or gives counts as erased at the first token after the chunk.
 *
 * @returns what the reader finds after each token `write … until`, and what decay and erasing took
 */
export function memoryTrace(
	head: HeadReader,
	erases: boolean,
	reader: Float64Array,
	{ write, until, chunk = Infinity }: { write: number; until: number; chunk?: number },
): { found: Float64Array; faded: Float64Array; erased: Float64Array } {
	const steps = until - write;
	const found = new Float64Array(steps + 1);
	const faded = new Float64Array(steps);
	const erased = new Float64Array(steps);
	let y = head.k(write).map((x) => x * head.beta(write));
	let committed = y.map(() => 0);
	found[0] = dot(reader, y);
	for (let s = write + 1; s <= until; s++) {
		const at = s - write - 1;
		if (!head.undecayed(s - 1, s - 1 + chunk)) {
			const decay = head.decay(s - 1);
			committed = committed.map((x, i) => x * decay[i]!);
		}
		if (s % chunk === 0) {
			if (head.rolledBack(s - 1, s)) {
				erased[at] = dot(reader, y) - dot(reader, committed);
				y = committed;
			}
			committed = y.slice();
		}
		const k = head.k(s);
		const decay = head.decay(s);
		const after = y.map((x, i) => x * decay[i]!);
		faded[at] = dot(reader, y) - dot(reader, after);
		const taken = erases ? head.beta(s) * dot(k, after) : 0;
		y = after.map((x, i) => x - taken * k[i]!);
		erased[at]! += taken * dot(reader, k);
		found[s - write] = dot(reader, y);
	}
	return { found, faded, erased };
}
