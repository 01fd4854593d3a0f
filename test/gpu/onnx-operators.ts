import { constant, float, model, node, tensor, value } from '../models/build-model.ts';

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

/** Softmax attention of the packed tensors as exporters write it: products, scale, softmax, and moving axes. */
export function decomposedAttention({ B, H, T, K, V }: OperatorShape): Uint8Array {
	const split = (name: string, width: number, perm: readonly number[]) => [
		constant(`${name}_shape`, tensor('', [4], [B, T, H, width], 'int64')),
		node('Reshape', [name, `${name}_shape`], [`${name}_split`]),
		node('Transpose', [`${name}_split`], [`${name}_heads`], { perm }),
	];
	return model({
		node: [
			...split('q', K, [0, 2, 1, 3]),
			...split('k', K, [0, 2, 3, 1]),
			...split('v', V, [0, 2, 1, 3]),
			constant('scale', tensor('', [], [1 / Math.sqrt(K)])),
			node('MatMul', ['q_heads', 'k_heads'], ['scores']),
			node('Mul', ['scores', 'scale'], ['scaled']),
			node('Softmax', ['scaled'], ['weights'], { axis: -1 }),
			node('MatMul', ['weights', 'v_heads'], ['mixed']),
			node('Transpose', ['mixed'], ['joined'], { perm: [0, 2, 1, 3] }),
			constant('o_shape', tensor('', [3], [B, T, H * V], 'int64')),
			node('Reshape', ['joined', 'o_shape'], ['o']),
		],
		input: packed(B, T, H * K, H * V),
		output: [value('o', 'float32', [B, T, H * V])],
	});
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
