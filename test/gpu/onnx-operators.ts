import { float, model, node, value } from '../models/build-model.ts';

/** Sizes of one attention operator, heads packed with channels as the operators take them. */
export interface OperatorShape {
	readonly B: number;
	readonly H: number;
	readonly T: number;
	readonly K: number;
	readonly V: number;
}

const contrib = {
	opsetImport: [
		{ domain: '', version: 17n },
		{ domain: 'com.microsoft', version: 1n },
	],
};

/** A model of one `MultiHeadAttention` over q, k `[B, T, H·K]` and v `[B, T, H·V]`. */
export function multiHeadAttention({ B, H, T, K, V }: OperatorShape, causal: boolean): Uint8Array {
	const attributes = { num_heads: H, unidirectional: causal ? 1 : 0 };
	const more = { domain: 'com.microsoft' };
	return model(
		{
			node: [node('MultiHeadAttention', ['q', 'k', 'v'], ['o'], attributes, more)],
			input: packed(B, T, H * K, H * V),
			output: [value('o', 'float32', [B, T, H * V])],
		},
		contrib,
	);
}

/** A model of one standard `Attention` of opset 23 over q, k `[B, H, T, K]` and v `[B, H, T, V]`. */
export function standardAttention(
	{ B, H, T, K, V }: OperatorShape,
	attributes: { readonly causal: boolean; readonly softCap?: number; readonly scale?: number },
): Uint8Array {
	const { causal, softCap = 0, scale = 1 / Math.sqrt(K) } = attributes;
	const said = { is_causal: causal ? 1 : 0, softcap: float(softCap), scale: float(scale) };
	return model(
		{
			node: [node('Attention', ['q', 'k', 'v'], ['o'], said)],
			input: [
				value('q', 'float32', [B, H, T, K]),
				value('k', 'float32', [B, H, T, K]),
				value('v', 'float32', [B, H, T, V]),
			],
			output: [value('o', 'float32', [B, H, T, V])],
		},
		{ opsetImport: [{ domain: '', version: 23n }], irVersion: 10n },
	);
}

export type UpdateRule = 'linear' | 'gated' | 'delta' | 'gated_delta';

/** A model of one `LinearAttention`; the gates its rule has are inputs `decay` and `beta`, `[B, T, H]`. */
export function linearAttentionModel(
	{ B, H, T, K, V }: OperatorShape,
	rule: UpdateRule,
	scale: number,
): Uint8Array {
	const gates = {
		decay: rule === 'gated' || rule === 'gated_delta',
		beta: rule === 'delta' || rule === 'gated_delta',
	};
	const names = ['q', 'k', 'v', '', gates.decay ? 'decay' : '', gates.beta ? 'beta' : ''];
	const attributes = {
		q_num_heads: H,
		kv_num_heads: H,
		scale: float(scale),
		update_rule: rule,
	};
	const extra = (['decay', 'beta'] as const).filter((name) => gates[name]);
	return model(
		{
			node: [
				node('LinearAttention', names, ['o', 'state'], attributes, { domain: 'com.microsoft' }),
			],
			input: [
				...packed(B, T, H * K, H * V),
				...extra.map((name) => value(name, 'float32', [B, T, H])),
			],
			output: [value('o', 'float32', [B, T, H * V]), value('state', 'float32', [B, H, K, V])],
		},
		contrib,
	);
}

/** What one would write without a fused operator: the probabilities, `[B, H, T, T]`, all of them. */
export function materialisedWeights({ B, H, T, K }: OperatorShape): Uint8Array {
	return model({
		node: [
			node('Transpose', ['k'], ['kt'], { perm: [0, 1, 3, 2] }),
			node('MatMul', ['q', 'kt'], ['scores']),
			node('Softmax', ['scores'], ['o'], { axis: -1 }),
		],
		input: [value('q', 'float32', [B, H, T, K]), value('k', 'float32', [B, H, T, K])],
		output: [value('o', 'float32', [B, H, T, T])],
	});
}

function packed(B: number, T: number, keys: number, values: number) {
	return [
		value('q', 'float32', [B, T, keys]),
		value('k', 'float32', [B, T, keys]),
		value('v', 'float32', [B, T, values]),
	];
}
