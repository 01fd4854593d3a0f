import type { Graph, GraphNode } from '../onnx/model-index.ts';

/**
 * What the numbers of an integer input are: `tokens` how many tokens are fed, `keys` those and the ones of the caches, `last`
 * the place of the last key, `past` how many keys of a buffer stand already, `positions` the place of each token, `one` a
 * count that is one.
 */
export type InputMeaning = 'tokens' | 'keys' | 'last' | 'past' | 'positions' | 'one';

const microsoft = 'com.microsoft';

/** By domain and operator: the meaning of an input slot. */
const slots: Readonly<Record<string, Readonly<Record<number, InputMeaning>>>> = {
	':Attention': { 6: 'keys' },
	':RotaryEmbedding': { 3: 'positions' },
	[`${microsoft}:GroupQueryAttention`]: { 5: 'last', 6: 'keys', 9: 'positions' },
	[`${microsoft}:SparseAttention`]: { 7: 'tokens', 8: 'tokens' },
	[`${microsoft}:MultiHeadAttention`]: { 8: 'past' },
	[`${microsoft}:DecoderMaskedMultiHeadAttention`]: { 7: 'past', 8: 'one' },
	[`${microsoft}:RotaryEmbedding`]: { 1: 'positions' },
};

const passing = new Set(['Cast', 'Identity', 'Reshape', 'Unsqueeze', 'Squeeze', 'Flatten']);

/** The meaning of an input by what reads it, else by its name; null where neither tells. */
export function meaningOf(graph: Graph, name: string, rank: number): InputMeaning | null {
	return meaningByUse(graph, name, rank) ?? meaningByName(name, rank);
}

function meaningByUse({ nodes }: Graph, name: string, rank: number): InputMeaning | null {
	const same = new Set([name]);
	for (const node of nodes) {
		const slot = node.inputs.findIndex((input) => same.has(input));
		if (slot < 0) continue;
		if (slot === 0 && passing.has(node.opType)) same.add(node.outputs[0] ?? '');
		const meaning = slotMeaning(node, slot, rank);
		if (meaning) return meaning;
	}
	return null;
}

function slotMeaning(
	{ domain, opType }: GraphNode,
	slot: number,
	rank: number,
): InputMeaning | null {
	// `mask_index` of one axis is the number of tokens of each sequence that are no padding
	if (domain === microsoft && opType === 'Attention' && slot === 3)
		return rank === 1 ? 'keys' : null;
	return slots[`${domain === 'ai.onnx' ? '' : domain}:${opType}`]?.[slot] ?? null;
}

function meaningByName(name: string, rank: number): InputMeaning | null {
	if (/position/i.test(name)) return 'positions';
	if (rank > 1 || /past|cache/i.test(name)) return null;
	return /len(gth)?s?$/i.test(name) ? 'tokens' : null;
}
