import type { SiteTensor } from '../protocol/model.ts';
import { Derivation } from './derivation.ts';
import { divide, type Dim } from './dims.ts';
import type { Facts } from './facts.ts';
import { floatOf, intOf, intsOf, stringOf, type FlatNode } from './flat-node.ts';
import type { Finding, FormFinder } from './form.ts';
import { fusedOperators, type FusedOperator } from './fused-operators.ts';
import { isCross } from './lineage.ts';
import { modifiedScores } from './flexible-scores.ts';
import { masksOf, reachOf } from './fused-masks.ts';
import type { Fused } from './fused-node.ts';
import { obstaclesOf } from './fused-obstacles.ts';
import { weightsOf } from './fused-probabilities.ts';
import { rolesOf } from './fused-roles.ts';
import { lengthOf, pastOf, sinkOf } from './fused-steps.ts';
import type { MaskReading } from './masks.ts';
import { SINKS } from './score-path.ts';

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
	const sizes = sizesOf(node, operator, facts);
	const output = node.outputs[0] ?? '';
	// what is appended to the main graph cannot read what stands inside a body or function
	const derivation = node.index === null ? null : new Derivation(facts.scope, output);
	const fused: Fused = { node, operator, facts, ...sizes, derivation };
	const { notes, ...roles } = rolesOf(fused);
	const mask = masksOf(fused, roles.k);
	const changed = modifiedScores(fused);
	const inputRank = facts.rankOf(node.inputs[0] ?? '');
	const tensors = named(
		{
			...roles,
			scores: null,
			weights: weightsOf(fused),
			output: tensorOf(output, outputAxes(operator, facts.rankOf(output) ?? inputRank)),
			...mask.tensors,
			...(derivation && {
				past: pastOf(fused, derivation),
				length: lengthOf(fused, derivation),
				sink: sinkOf(fused, derivation),
			}),
		},
		derivation,
	);
	const names = Object.values(tensors).map((tensor) => tensor?.name ?? '');
	const derived = derivation?.behind(names) ?? [];
	return {
		node,
		site: {
			form: 'softmax',
			kind: 'fused',
			operator: operator.operator,
			...sizes,
			scale: scaleOf(node, sizes.headSize),
			softCap:
				positive(
					operator.softCapAttribute ? floatOf(node, operator.softCapAttribute) : undefined,
				) ?? changed.softCap,
			mask: mask.kind === 'none' ? changed.mask : mask.kind,
			window: windowOf(fused, mask) ?? changed.window,
			cross: crosses(node, operator, mask, facts),
			tensors,
			derived: derived.length > 0 ? derived : null,
			maskMeans: mask.means,
			confidence: 1,
			notes: [
				...notes,
				...mask.notes,
				...changed.notes,
				...reachNotes(fused, mask),
				...(tensors['sink'] ? [SINKS] : []),
				...obstaclesOf(fused),
			],
		},
	};
}

/** Derived tensors under the names of their roles. */
function named(
	tensors: Readonly<Record<string, SiteTensor | null>>,
	derivation: Derivation | null,
): Record<string, SiteTensor | null> {
	const entries = Object.entries(tensors).map(([role, tensor]) => {
		if (!tensor || !derivation) return [role, tensor] as const;
		return [role, { ...tensor, name: derivation.named(role, tensor.name) }] as const;
	});
	return Object.fromEntries(entries);
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

function outputAxes(operator: FusedOperator, rank: number | null): string {
	if (rank === 4) return 'BHTV';
	if (rank === 2) return 'TD';
	return operator.sequenceFirst ? 'TBD' : 'BTD';
}

function windowOf(fused: Fused, { kind }: MaskReading): number | null {
	const { node, operator } = fused;
	const { before, after } = reachOf(fused);
	if (before !== null && kind === 'causal') return before + 1;
	if (before !== null && after !== null) return before + 1 + after;
	return positive(operator.windowAttribute ? intOf(node, operator.windowAttribute) : undefined);
}

/** A window to both sides is no property that a site has: it is said. */
function reachNotes(fused: Fused, { kind }: MaskReading): string[] {
	const { before, after } = reachOf(fused);
	if (kind === 'causal' || (before === null && after === null)) return [];
	const sides = [
		before === null ? 'all keys before its own' : `${before} keys before its own`,
		after === null ? 'all after it' : `${after} after it`,
	];
	return [`a query sees ${sides.join(' and ')}`];
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

const tensorOf = (name: string, axes: string): SiteTensor | null =>
	name === '' ? null : { name, axes };
const number = (dim: Dim | undefined): number | null => (typeof dim === 'number' ? dim : null);
const positive = (value: number | undefined): number | null =>
	value !== undefined && value > 0 ? value : null;
