import { expect, it } from 'vitest';
import { model, node, tensor, value } from '../../test/models/build-model.ts';
import { marked, placeOf, python } from '../../test/models/named-model.ts';
import { findSites } from '../attention/find-sites.ts';
import { bytesSource } from '../onnx/bytes-source.ts';
import { indexModel } from '../onnx/index-model.ts';
import { linkSites } from './link-sites.ts';

const files = python({
	'llama.py': `class Attention(nn.Module): #class
    def __init__(self, d):
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(d, d) for _ in range(3))

    def forward(self, x):
        return F.scaled_dot_product_attention(self.q_proj(x), self.k_proj(x), self.v_proj(x)) #call

class Layer(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.self_attn = Attention(d) #build

class Model(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.layers = nn.ModuleList([Layer(d) for _ in range(2)])
        self.rotary_emb = Rotary(d)

class ForCausalLM(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.model = Model(d)
        self.lm_head = nn.Linear(d, d)
`,
});

const zeros = (name: string, dims: readonly number[]) =>
	tensor(
		name,
		dims,
		Array.from({ length: dims.reduce((a, b) => a * b) }, () => 0),
	);

/** Grouped queries turned by the operator itself: all three are derived, and no node has a name. */
async function fusedLayer(packed: boolean) {
	const own = { domain: 'com.microsoft', name: '' };
	const { input, weights, project } = packed
		? {
				input: ['qkv', '', ''],
				weights: [zeros('model.layers.1.self_attn.qkv_proj.weight', [16, 32])],
				project: [node('MatMul', ['x', 'model.layers.1.self_attn.qkv_proj.weight'], ['qkv'])],
			}
		: {
				input: ['q', 'k', 'v'],
				weights: ['q', 'k', 'v'].map((role) =>
					zeros(`model.layers.1.self_attn.${role}_proj.weight`, [16, role === 'q' ? 16 : 8]),
				),
				project: ['q', 'k', 'v'].map((role) =>
					node('MatMul', ['x', `model.layers.1.self_attn.${role}_proj.weight`], [role]),
				),
			};
	const rest = ['past_k', 'past_v', 'lengths', 'total', 'model.rotary_emb.cos_cached', 'model.rotary_emb.sin_cached']; // prettier-ignore
	const attention = node(
		'GroupQueryAttention',
		[...input, ...rest],
		['y', 'present_k', 'present_v'],
		{ num_heads: 4, kv_num_heads: 2, do_rotary: 1 },
		own,
	);
	const bytes = model(
		{
			node: [...project.map((one) => ({ ...one, name: '' })), attention],
			input: [
				value('x', 'float32', [1, 5, 16]),
				value('past_k', 'float32', [1, 2, 3, 4]),
				value('past_v', 'float32', [1, 2, 3, 4]),
				value('lengths', 'int32', [1]),
				value('total', 'int32', []),
			],
			output: [value('y', 'float32', [1, 5, 16]), value('present_k'), value('present_v')],
			initializer: [
				...weights,
				zeros('model.rotary_emb.cos_cached', [24, 2]),
				zeros('model.rotary_emb.sin_cached', [24, 2]),
			],
		},
		{
			opsetImport: [
				{ domain: '', version: 17n },
				{ domain: 'com.microsoft', version: 1n },
			],
		},
	);
	return indexModel(bytesSource(bytes));
}

it.each([
	['one layer each', false],
	['one layer for all', true],
])(
	'a fused operator whose q, k and v are derived leads to the module of their weights: %s',
	async (_, packed) => {
		const index = await fusedLayer(packed);
		const sites = findSites(index);
		expect(sites[0]?.derived?.length).toBeGreaterThan(0);
		const links = linkSites(index, sites, files);
		expect(new Set(links.map(({ how }) => how))).toEqual(new Set(['initializer']));
		for (const target of ['class', 'build', 'call'] as const)
			expect(placeOf(links, target)).toBe(marked(files, target)[0]);
	},
);
