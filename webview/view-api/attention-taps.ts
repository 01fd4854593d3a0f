import type { AttentionSite } from '../../extension/protocol/model.ts';
import { tensorNames } from './site-tensors.ts';

const OPERANDS = ['q', 'k', 'v', 'output'];
const SOFTMAX = [...OPERANDS, 'mask', 'past', 'length', 'sink'];
/** Where the graph's own weights are the matrix, nothing that they are made from is read. */
const MIXED = ['mixing', 'v', 'output'];
const MEMORY = [...OPERANDS, 'alpha', 'beta', 'normaliser', 'initial'];
const roles: Readonly<Record<string, readonly string[]>> = {
	softmax: SOFTMAX,
	linear: MEMORY,
	gated: [...MEMORY, 'mask'],
	delta: MEMORY,
	'gated-delta': MEMORY,
	hybrid: [...MEMORY, 'mask', 'past', 'choice'],
	selective: SOFTMAX,
	momentum: SOFTMAX,
};

/** Whether the operators know how a site of this form mixes. */
export function canOpen({ form, operator }: AttentionSite): boolean {
	if (form === 'selective' || form === 'momentum') return operator === 'softmax';
	return Object.hasOwn(roles, form);
}

/** Names of the tensors that opening a site reads; none for a form that cannot be opened. */
export function attentionTaps(site: AttentionSite): string[] {
	const wanted = canOpen(site) ? (site.tensors['mixing'] ? MIXED : roles[site.form]!) : [];
	return tensorNames(
		site,
		wanted.flatMap((role) => {
			if (role !== 'mask') return [role];
			return readsMask(site) ? maskRoles(site) : [];
		}),
	);
}

/** `mask`, `mask2` and so on, as far as the site has them. */
export function maskRoles({ tensors }: AttentionSite): string[] {
	return Object.keys(tensors).filter((role) => /^mask\d*$/.test(role) && tensors[role]);
}

/** Whether a gated site is written in parallel: what is left of each key is a tensor that multiplies the scores. */
export function isTable({ form, tensors }: AttentionSite): boolean {
	return form === 'gated' && !tensors['alpha'] && Boolean(tensors['mask']);
}

/** Whether where a causal mask starts is told by its tensor alone: no rule over positions holds. */
export function isPlaced({ notes }: AttentionSite): boolean {
	return notes.some((note) => /^the causal mask also (follows|stands)/.test(note));
}

/**
 * Whether what a query sees is a tensor of the run: a causal mask is a rule, unless something else acts on the scores
 * beside it or in it (padding, slopes, position biases, a router).
 */
export function readsMask(site: AttentionSite): boolean {
	const { form, kind, mask, notes } = site;
	const masks = maskRoles(site).length;
	if (form === 'hybrid') return masks > 0;
	if (form === 'gated') return isTable(site);
	if (mask !== 'causal') return mask !== 'none';
	if (notes.some((note) => note.startsWith('the causal mask also'))) return masks > 0;
	return masks > (kind === 'fused' ? 0 : 1);
}
