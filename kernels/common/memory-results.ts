import type { AttentionResults } from './attention-results.ts';

/** Which states to show: of one head, after the given numbers of tokens (0 is the initial state). */
export interface StatesRequest {
	readonly batch: number;
	readonly head: number;
	/** Each from 0 to T. */
	readonly after: readonly number[];
}

export interface MemoryState {
	/** Tokens taken in. */
	readonly after: number;
	/** `[K, V]`, row-major. */
	readonly values: Float32Array;
	/** Frobenius norm. */
	readonly norm: number;
	/** Largest first, min(K, V) of them. */
	readonly singularValues: Float64Array;
	/** `exp(−Σ p ln p)` with p the singular values over their sum; 0 for an empty state. */
	readonly effectiveRank: number;
}

export interface RetentionRequest {
	readonly batch: number;
	readonly head: number;
	/** Tokens whose pairs are followed. */
	readonly writes: readonly number[];
}

/** How much of a value the memory returns when asked with the very key it was stored under. */
export interface Retention {
	/** `[writes, T]`: the coefficient of `v_j` in `k_j · S_t`; 0 before it is written. */
	readonly returned: Float32Array;
}

export interface LedgerRequest {
	readonly batch: number;
	readonly head: number;
	/** The token that wrote the pair, and the later one that reads. */
	readonly write: number;
	readonly read: number;
}

/**
 * The account of one entry of `M` (before a normaliser): what the reader would find had nothing happened
 * since, and what each later token took. `intact = left + Σ faded + Σ erased`.
 */
export interface EraseLedger {
	/** `write strength · scale · q_t·k_j`. */
	readonly intact: number;
	/** Taken by decay at tokens `write + 1 … read`; negative where a step gave. */
	readonly faded: Float64Array;
	/** Taken by the erasing half of the delta rule at the same tokens. */
	readonly erased: Float64Array;
	/** `M[read, write]`. */
	readonly left: number;
}

/** What forms with a memory answer beside the family. */
export interface MemoryResults extends AttentionResults {
	states(request: StatesRequest): Promise<readonly MemoryState[]>;
	/** The state after the last token of every (batch, head), `[B, H, K, V]`: where a next call goes on. */
	finalState(): Promise<Float32Array<ArrayBuffer>>;
	/**
	 * What each token wrote under its key, u_t, `[B, H, T, V]`: for the delta rules the error of what the memory
	 * recalled, so that its norm is how much the token surprised it.
	 */
	written(): Promise<Float32Array>;
	retention(request: RetentionRequest): Promise<Retention>;
	ledger(request: LedgerRequest): Promise<EraseLedger>;
}
