import type { AttentionResults } from '../../kernels/common/attention-results.ts';
import type { MemoryResults } from '../../kernels/common/memory-results.ts';
import type { Strided } from '../../kernels/common/tensors.ts';

/** A site's attention, ready to be asked, with the model's own output to hold it against. */
export interface OpenSite {
	readonly results: AttentionResults;
	/** The same results, where the form has a memory that can be asked more. */
	readonly memory: MemoryResults | undefined;
	/** `[B, H, T, V]`: what the model itself computed. */
	readonly output: Strided;
	/** Index of the key that is the token of query 0; 0 in cross attention. */
	readonly queryOffset: number;
	/** How many queries of each sequence are tokens; all where absent. The rest is padding, whose output means nothing. */
	readonly queries?: readonly number[] | undefined;
	/** Weights may be negative or above 1, and a row need not sum to 1. */
	readonly signed: boolean;
}
