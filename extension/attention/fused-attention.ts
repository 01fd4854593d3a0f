import type { SiteTensor } from '../protocol/model.ts';
import { divide, type Dim } from './dims.ts';
import type { Facts } from './facts.ts';
import { floatOf, intOf, intsOf, stringOf, type FlatNode } from './flat-node.ts';
import type { Finding, FormFinder } from './form.ts';
import { fusedOperators, type FusedOperator } from './fused-operators.ts';
import { isCross } from './lineage.ts';
import { readMasks, type MaskReading } from './masks.ts';
import { maskTerm } from './score-path.ts';

const byName = new Map<string, FusedOperator[]>();
for (const known of fusedOperators) {
	byName.set(known.operator, [...(byName.get(known.operator) ?? []), known]);
}

/** Softmax attention as one operator; roles from its inputs, heads and scale from its attributes. */
export const fusedAttention: FormFinder = {
	id: 'fused',
	find: (facts) =>
		facts.scope.nodes.flatMap((node) => {
			const operator = operatorOf(node);
			return operator ? [read(node, operator, facts)] : [];
		}),
};

function operatorOf(node: FlatNode): FusedOperator | undefined {
	// PyTorch's fallback keeps the function's name in an attribute
	const name = node.opType === 'ATen' ? stringOf(node, 'operator') : node.opType;
	const known = byName.get(
		(name ?? '')
			.replace(/^aten::/, '')
			.replace(/^_scaled_dot_product_(flash|efficient)_attention$/, 'scaled_dot_product_attention'),
	);
	return known?.find(({ domains }) =>
		domains.includes(node.domain === 'ai.onnx' ? '' : node.domain),
	);
}

interface Sizes {
	readonly heads: number | null;
	readonly kvHeads: number | null;
	readonly headSize: number | null;
}

function read(node: FlatNode, operator: FusedOperator, facts: Facts): Finding {
	const notes: string[] = [];
	const input = (at: number | undefined | null) => (at == null ? '' : (node.inputs[at] ?? ''));
	const sizes = sizesOf(node, operator, facts);
	const mask = masksOf(node, operator, facts);
	const roles = rolesOf(node, operator, facts, notes);
	if (input(operator.bias)) notes.push('a bias is added to q, k and v inside the operator');
	if (intOf(node, 'do_rotary') === 1)
		notes.push('q and k are rotated by their positions inside the operator');
	if (operator.operator === 'FlexAttention') notes.push(...modifiers(node));
	const probabilities = intOf(node, 'qk_matmul_output_mode') === 3 ? node.outputs[3] : undefined;
	return {
		node,
		site: {
			form: 'softmax',
			kind: 'fused',
			operator: operator.operator,
			...sizes,
			scale: scaleOf(node, sizes.headSize),
			softCap: positive(
				operator.softCapAttribute ? floatOf(node, operator.softCapAttribute) : undefined,
			),
			mask: mask.kind,
			window: windowOf(node, operator),
			cross: crosses(node, operator, mask, facts),
			tensors: {
				...roles,
				scores: null,
				weights: probabilities ? { name: probabilities, axes: 'BHTS' } : null,
				output: tensorOf(
					node.outputs[0] ?? '',
					outputAxes(operator, facts.rankOf(node.outputs[0] ?? '') ?? facts.rankOf(input(0))),
				),
				...mask.tensors,
			},
			maskMeans: mask.means,
			confidence: 1,
			notes: [...notes, ...mask.notes],
		},
	};
}

function sizesOf(node: FlatNode, operator: FusedOperator, facts: Facts): Sizes {
	const shapeOf = (at: number | undefined) =>
		at === undefined ? null : facts.shapeOf(node.inputs[at] ?? '');
	const [q, k] = [shapeOf(operator.qkv?.[0]), shapeOf(operator.qkv?.[1])];
	const said = intOf(node, operator.headsAttribute);
	const heads =
		positive(said) ??
		number(q?.length === 4 ? q[1] : undefined) ??
		number(q?.length === 5 ? q[2] : undefined);
	const saidKv = operator.kvHeadsAttribute ? intOf(node, operator.kvHeadsAttribute) : undefined;
	const kvHeads = positive(saidKv) ?? number(k?.length === 4 ? k[1] : undefined) ?? heads;
	return { heads, kvHeads, headSize: headSizeOf(node, operator, heads, kvHeads, facts) };
}

function headSizeOf(
	node: FlatNode,
	operator: FusedOperator,
	heads: number | null,
	kvHeads: number | null,
	facts: Facts,
): number | null {
	if (heads === null) return null;
	const hidden = intsOf(node, 'qkv_hidden_sizes')?.[0];
	if (hidden) return number(divide(hidden, heads));
	if (operator.packed) {
		const width = facts.shapeOf(node.inputs[operator.packed[1]] ?? '')?.at(-1) ?? null;
		const parts =
			operator.operator === 'LongformerAttention' && facts.rankOf(node.inputs[1] ?? '') === 3
				? 1
				: 3;
		return number(divide(width, parts * heads));
	}
	const shape = facts.shapeOf(node.inputs[operator.qkv?.[0] ?? 0] ?? '');
	if (!shape) return null;
	if (shape.length >= 4) return number(shape.at(-1));
	// where k and v are left out, their heads stand in the same axis as q's
	const packedIn = node.inputs[operator.qkv?.[1] ?? 1] ? heads : heads + 2 * (kvHeads ?? heads);
	return number(divide(shape.at(-1) ?? null, packedIn));
}

/** Left out or 0, the scale is one over the root of the head size. */
function scaleOf(node: FlatNode, headSize: number | null): number | null {
	const said = positive(floatOf(node, 'scale'));
	return said ?? (headSize ? 1 / Math.sqrt(headSize) : null);
}

type Roles = Readonly<Record<'q' | 'k' | 'v', SiteTensor | null>>;

function rolesOf(node: FlatNode, operator: FusedOperator, facts: Facts, notes: string[]): Roles {
	if (!operator.qkv) {
		notes.push(
			`q, k and v are made inside the operator from ${node.inputs[0] ?? ''} and its weights`,
		);
		return { q: null, k: null, v: null };
	}
	const [q = '', k = '', v = ''] = operator.qkv.map((at) => node.inputs[at] ?? '');
	const isPast = operator.past.some((at) => node.inputs[at]);
	const present = operator.present?.map((at) => node.outputs[at] ?? '') ?? [];
	const rotated = intOf(node, 'do_rotary') === 1;
	if (operator.operator === 'DecoderAttention') {
		notes.push('q, k and v are projected inside the operator');
		return { q: null, k: null, v: null };
	}
	if (k === '' || v === '') {
		notes.push(k === '' ? `q, k and v are packed in ${q}` : `k and v are packed in ${k}`);
		return { q: k === '' ? null : tensorOf(q, axesOf(q, 'T', facts)), k: null, v: null };
	}
	if (isPast && present[0] && present[1] && !rotated) {
		notes.push('k and v are those of the past and the new ones, as the operator returns them');
		return {
			q: tensorOf(q, axesOf(q, 'T', facts)),
			k: tensorOf(present[0], 'BHSK'),
			v: tensorOf(present[1], 'BHSV'),
		};
	}
	if (isPast) notes.push('keys and values of the past are joined inside the operator');
	return {
		q: tensorOf(q, axesOf(q, 'T', facts)),
		k: tensorOf(k, axesOf(k, 'S', facts)),
		v: tensorOf(v, axesOf(v, 'S', facts).replace('K', 'V')),
	};
}

function axesOf(name: string, tokens: 'T' | 'S', facts: Facts): string {
	const rank = facts.rankOf(name);
	if (rank === 4) return `BH${tokens}K`;
	if (rank === 3) return `B${tokens}D`;
	return rank === 2 ? `${tokens}D` : '';
}

function outputAxes(operator: FusedOperator, rank: number | null): string {
	if (rank === 4) return 'BHTV';
	if (rank === 2) return 'TD';
	return operator.sequenceFirst ? 'TBD' : 'BTD';
}

function masksOf(node: FlatNode, operator: FusedOperator, facts: Facts): MaskReading {
	const given = operator.mask === null ? '' : (node.inputs[operator.mask] ?? '');
	const padding = operator.padding === null ? '' : (node.inputs[operator.padding] ?? '');
	const boolean = given !== '' && facts.dtypeOf(given) === 'bool';
	const read = readMasks(
		given === '' ? [] : [maskTerm(boolean ? 'where' : 'add', given, null)],
		facts,
	);
	const causal =
		operator.causal === true || (operator.causal !== false && intOf(node, operator.causal) === 1);
	const tensors = { ...read.tensors };
	if (padding !== '') tensors[given === '' ? 'mask' : 'mask2'] = { name: padding, axes: '' };
	if (causal || read.kind === 'causal') return { ...read, kind: 'causal', tensors };
	return padding === '' ? { ...read, tensors } : { ...read, kind: 'padding', tensors };
}

function windowOf(node: FlatNode, operator: FusedOperator): number | null {
	const said = operator.windowAttribute ? intOf(node, operator.windowAttribute) : undefined;
	return positive(said);
}

function crosses(
	node: FlatNode,
	operator: FusedOperator,
	mask: MaskReading,
	facts: Facts,
): boolean {
	if (!operator.qkv || mask.kind === 'causal') return false;
	const [q = '', k = ''] = operator.qkv.map((at) => node.inputs[at] ?? '');
	if (operator.sequenceFirst) return facts.shapeOf(q)?.[0] !== facts.shapeOf(k)?.[0];
	return k !== '' && k !== q && isCross(q, k, facts);
}

/** The graphs that a flexible operator is given to change its scores and probabilities. */
function modifiers(node: FlatNode): string[] {
	const given = ['score_mod', 'prob_mod', 'mask_mod'].filter((name) => node.attributes.has(name));
	return given.map((name) => `its scores or probabilities are changed by the subgraph ${name}`);
}

const tensorOf = (name: string, axes: string): SiteTensor | null =>
	name === '' ? null : { name, axes };
const number = (dim: Dim | undefined): number | null => (typeof dim === 'number' ? dim : null);
const positive = (value: number | undefined): number | null =>
	value !== undefined && value > 0 ? value : null;
