import type { AttentionSite } from '../../extension/protocol/model.ts';
import { tensorNames } from './site-tensors.ts';

const SOFTMAX = ['q', 'k', 'v', 'output'];
const MEMORY = [...SOFTMAX, 'alpha', 'beta', 'normaliser'];
const roles: Readonly<Record<string, readonly string[]>> = {
	softmax: [...SOFTMAX, 'mask'],
	linear: MEMORY,
	gated: MEMORY,
	delta: MEMORY,
	'gated-delta': MEMORY,
	hybrid: [...MEMORY, 'mask', 'choice'],
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
