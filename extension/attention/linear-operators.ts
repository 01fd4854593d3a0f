import type { Form, SiteTensor } from '../protocol/model.ts';
import { divide, type Dim } from './dims.ts';
import type { Facts } from './facts.ts';
import { floatOf, intOf, stringOf, type FlatNode } from './flat-node.ts';
import type { Finding, FormFinder } from './form.ts';
import { startsFrom } from './state-site.ts';

const domains = new Set(['', 'ai.onnx', 'ai.onnx.preview', 'com.microsoft']);

const rules: Readonly<Record<string, Form>> = {
	linear: 'linear',
	gated: 'gated',
	delta: 'delta',
	gated_delta: 'gated-delta',
};

/** The operators that carry a state: `LinearAttention` in its four rules, and the convolution with state. */
export const linearOperators: FormFinder = {
	id: 'linear-operators',
	find: (facts) =>
		facts.scope.nodes.flatMap((node) => {
			if (!domains.has(node.domain)) return [];
			if (node.opType === 'LinearAttention') return [readLinear(node, facts)];
			return /^(Varlen)?CausalConvWithState$/.test(node.opType)
				? [readConvolution(node, facts)]
				: [];
		}),
};

function readLinear(node: FlatNode, facts: Facts): Finding {
	const [q = '', k = '', v = '', past = '', decay = '', beta = ''] = node.inputs;
	const rule = stringOf(node, 'update_rule') ?? 'gated_delta';
	const heads = intOf(node, 'q_num_heads') ?? null;
	const kvHeads = intOf(node, 'kv_num_heads') ?? heads;
	const width = facts.shapeOf(q)?.at(-1) ?? null;
	const headSize = heads === null ? null : number(divide(width, heads));
	const said = floatOf(node, 'scale');
	const known = rules[rule];
	return {
		node,
		site: {
			form: known ?? 'linear',
			kind: 'fused',
			operator: 'LinearAttention',
			heads,
			kvHeads,
			headSize,
			// left out or 0: one over the root of the key size
			scale: said !== undefined && said !== 0 ? said : headSize ? 1 / Math.sqrt(headSize) : null,
			softCap: null,
			mask: 'causal',
			window: null,
			cross: false,
			tensors: {
				q: tensorOf(q, 'BTD'),
				k: tensorOf(k, 'BSD'),
				v: tensorOf(v, 'BSD'),
				scores: null,
				weights: null,
				output: tensorOf(node.outputs[0] ?? '', 'BTD'),
				alpha: tensorOf(decay, isByChannel(facts.shapeOf(decay)?.at(-1), kvHeads) ? 'BTD' : 'BTH'),
				beta: tensorOf(beta, facts.shapeOf(beta)?.at(-1) === 1 ? 'BT1' : 'BTH'),
				state: tensorOf(node.outputs[1] ?? '', 'BHKV'),
				initial: tensorOf(past, 'BHKV'),
			},
			maskMeans: null,
			confidence: 1,
			notes: [
				...(known ? [] : [`the update rule ${rule} is not known`]),
				...(decay === '' ? [] : ['alpha is the logarithm of the decay']),
				...(past === '' ? [] : [startsFrom(past)]),
			],
		},
	};
}

function readConvolution(node: FlatNode, facts: Facts): Finding {
	const [input = '', weight = '', , past = ''] = node.inputs;
	const kernel = facts.shapeOf(weight)?.at(-1);
	return {
		node,
		site: {
			form: 'convolution',
			kind: 'fused',
			operator: node.opType,
			heads: null,
			kvHeads: null,
			headSize: null,
			scale: null,
			softCap: null,
			mask: 'causal',
			window: typeof kernel === 'number' ? kernel : null,
			cross: false,
			tensors: {
				q: null,
				k: null,
				v: tensorOf(input, 'BDT'),
				scores: null,
				weights: null,
				output: tensorOf(node.outputs[0] ?? '', 'BDT'),
				state: tensorOf(node.outputs[1] ?? '', ''),
				initial: tensorOf(past, 'BDT'),
			},
			maskMeans: null,
			confidence: 1,
			notes: [],
		},
	};
}

/** Whether each key channel of a head has a decay of its own; sizes that are not known are taken to be heads. */
const isByChannel = (width: Dim | undefined, heads: number | null): boolean =>
	typeof width === 'number' && width !== heads;

const tensorOf = (name: string, axes: string): SiteTensor | null =>
	name === '' ? null : { name, axes };
const number = (dim: Dim): number | null => (typeof dim === 'number' ? dim : null);
