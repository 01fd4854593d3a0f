import type { AttentionSite } from '../../extension/protocol/model.ts';
import type { AttentionResults } from '../../kernels/common/attention-results.ts';
import type { MemoryResults } from '../../kernels/common/memory-results.ts';
import type { Strided } from '../../kernels/common/tensors.ts';
import { tensorNames } from './site-tensors.ts';

/** A site's attention, ready to be asked, with the model's own output to hold it against. */
export interface OpenSite {
	readonly results: AttentionResults;
	/** The same results, where the form has a memory that can be asked more. */
	readonly memory: MemoryResults | undefined;
	/** `[B, H, T, V]`: what the model itself computed. */
	readonly output: Strided;
	/** Index of the key that is the token of query 0; 0 in cross attention. */
	readonly queryOffset: number;
	/** Weights may be negative or above 1, and a row need not sum to 1. */
	readonly signed: boolean;
}

const SOFTMAX = ['q', 'k', 'v', 'output'];
const MEMORY = [...SOFTMAX, 'alpha', 'beta', 'normaliser'];
const roles: Readonly<Record<string, readonly string[]>> = {
	softmax: [...SOFTMAX, 'mask'],
	linear: MEMORY,
	gated: MEMORY,
	delta: MEMORY,
	'gated-delta': MEMORY,
	hybrid: [...MEMORY, 'mask'],
};

/** Whether the operators know how a site of this form mixes. */
export function canOpen({ form }: AttentionSite): boolean {
	return Object.hasOwn(roles, form);
}

/** Names of the tensors that opening a site reads; none for a form that cannot be opened. */
export function attentionTaps(site: AttentionSite): string[] {
	const wanted = roles[site.form] ?? [];
	return tensorNames(
		site,
		wanted.filter((role) => role !== 'mask' || readsMask(site)),
	);
}

/** Whether what a query sees is a tensor of the run: a causal mask is a rule, unless a router hides more. */
export function readsMask({ form, mask, tensors }: AttentionSite): boolean {
	if (form === 'hybrid') return Boolean(tensors['mask']);
	return mask !== 'causal' && mask !== 'none';
}
