import type { Dim } from './dims.ts';
import { floatOf, intOf, type FlatNode } from './flat-node.ts';
import type { Inference, Shape } from './inference.ts';
import { leftBy } from './loop-shapes.ts';

type Rule = (node: FlatNode, facts: Inference) => readonly (Shape | null)[] | null;

const shapeAt = (node: FlatNode, facts: Inference, at: number): Shape | null => {
	const name = node.inputs[at];
	return name ? facts.shapeOf(name) : null;
};

/** The rank stays; sizes beyond the first two axes are not worked out. */
const spatial: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	return shape && [shape.map((dim, axis) => (axis < 1 ? dim : null))];
};

/** The best of an axis by their number, and where they stood. */
const topK: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	if (!shape) return null;
	const axis = intOf(node, 'axis') ?? -1;
	const at = axis < 0 ? axis + shape.length : axis;
	const count = intOf(node, 'k') ?? facts.valueOf(node.inputs[1] ?? '')?.[0] ?? null;
	const best = shape.map((dim, place) => (place === at ? count : dim));
	return [best, best];
};

const reducedTo: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	if (!shape) return null;
	const axis = intOf(node, 'axis') ?? 0;
	const at = axis < 0 ? axis + shape.length : axis;
	return [
		(intOf(node, 'keepdims') ?? 1) === 1
			? shape.map((dim, place) => (place === at ? 1 : dim))
			: shape.filter((_, place) => place !== at),
	];
};

const oneHot: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	if (!shape) return null;
	const depth = facts.valueOf(node.inputs[1] ?? '')?.[0] ?? null;
	const axis = intOf(node, 'axis') ?? -1;
	const at = axis < 0 ? axis + shape.length + 1 : axis;
	return [[...shape.slice(0, at), depth, ...shape.slice(at)]];
};

const gatherNd: Rule = (node, facts) => {
	const [data, indices] = [shapeAt(node, facts, 0), shapeAt(node, facts, 1)];
	const taken = indices?.at(-1);
	if (!data || !indices || typeof taken !== 'number') return null;
	return [[...indices.slice(0, -1), ...data.slice((intOf(node, 'batch_dims') ?? 0) + taken)]];
};

/** Fused attention: the values' width with the queries' tokens. */
const attended: Rule = (node, facts) => {
	const q = shapeAt(node, facts, 0);
	if (!q) return null;
	const heads = intOf(node, 'q_num_heads') ?? intOf(node, 'num_heads');
	const packed = q.length === 5 ? [q[0]!, q[1]!, widthOf(q, heads)] : q;
	const [k, v] = [shapeAt(node, facts, 1), shapeAt(node, facts, 2)];
	const wide = packed.length === 4 && v?.length === 4 ? [...packed.slice(0, 3), v[3]!] : packed;
	return [wide, k?.length === 4 ? k.map(openTokens) : null, v?.length === 4 ? v.map(openTokens) : null]; // prettier-ignore
};

const widthOf = (q: Shape, heads: number | undefined): Dim => {
	const size = q.at(-1);
	return heads !== undefined && typeof size === 'number' ? heads * size : null;
};
const openTokens = (dim: Dim, axis: number): Dim => (axis === 2 ? null : dim);

/** `[B, T, 3·D]` weights inside: the hidden size is that of the bias or weight, a third. */
const packedAttention: Rule = (node, facts) => {
	const x = shapeAt(node, facts, 0);
	const width = shapeAt(node, facts, 1)?.at(-1);
	if (!x) return null;
	return [[...x.slice(0, -1), typeof width === 'number' ? width / 3 : null]];
};

const attention: Rule = (node, facts) =>
	node.domain === 'com.microsoft' ? packedAttention(node, facts) : attended(node, facts);

/** `[B, T, D]` from ids and tables. */
const embedded: Rule = (node, facts) => {
	const ids = shapeAt(node, facts, 0);
	const width = shapeAt(node, facts, 2)?.at(-1) ?? null;
	return ids && [[...ids, width], [ids[0] ?? null], [...ids, width]];
};

const quantisedConvolution: Rule = (node, facts) => {
	const x = shapeAt(node, facts, 0);
	const weight = shapeAt(node, facts, 3);
	return x && weight && [x.map((dim, axis) => (axis === 0 ? dim : axis === 1 ? weight[0]! : null))];
};

const elementwiseQuantised: Rule = (node, facts) => {
	const [a, b] = [shapeAt(node, facts, 0), shapeAt(node, facts, 3)];
	return a && b && [a.length >= b.length ? a : b];
};

const resized: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	if (!shape) return null;
	const sizes = facts.valueOf(node.inputs[3] ?? '');
	const scale = facts.valueOf(node.inputs[node.inputs.length > 2 ? 2 : 1] ?? '');
	return [
		shape.map((dim, axis) => {
			if (sizes?.length === shape.length) return sizes[axis] ?? null;
			const by = scale?.length === shape.length ? scale[axis] : null;
			return typeof by === 'number' && typeof dim === 'number' ? Math.floor(by * dim) : by === 1 ? dim : null; // prettier-ignore
		}),
	];
};

const likeInput: Rule = (node, facts) => {
	const shape = shapeAt(node, facts, 0);
	return shape && [shape];
};

const blockMoved =
	(grows: boolean): Rule =>
	(node, facts) => {
		const shape = shapeAt(node, facts, 0);
		const block = intOf(node, 'blocksize') ?? floatOf(node, 'blocksize');
		if (shape?.length !== 4 || !block) return null;
		const by = (dim: Dim, factor: number): Dim => (typeof dim === 'number' ? dim * factor : null);
		const [n, c, h, w] = shape as [Dim, Dim, Dim, Dim];
		const factor = grows ? block : 1 / block;
		return [[n, by(c, 1 / factor ** 2), by(h, factor), by(w, factor)]];
	};

const listed = (names: string, rule: Rule) => names.split(' ').map((name) => [name, rule] as const);

/** Shapes after operators that do not stand in the way of scores, but behind the tensors that attention is made from. */
export const moreShapeRules: readonly (readonly [string, Rule])[] = [
	...listed('EyeLike RandomNormalLike RandomUniformLike Bernoulli LRN Shrink Celu QLinearSigmoid QLinearLeakyRelu ReverseSequence Unique FusedGelu QuickGelu MelWeightMatrix', likeInput), // prettier-ignore
	...listed('ConvTranspose GridSample RoiAlign MaxUnpool NhwcConv NhwcMaxPool NhwcFusedConv', spatial), // prettier-ignore
	...listed('Resize Upsample', resized),
	['TopK', topK],
	...listed('ArgMax ArgMin', reducedTo),
	['OneHot', oneHot],
	['GatherND', gatherNd],
	['NonZero', (node, facts) => [[shapeAt(node, facts, 0)?.length ?? null, null]]],
	['Attention', attention],
	...listed('MultiHeadAttention GroupQueryAttention DecoderMaskedMultiHeadAttention PackedMultiHeadAttention SparseAttention FlexAttention', attended), // prettier-ignore
	...listed('PackedAttention QAttention DecoderMaskedSelfAttention LongformerAttention', packedAttention), // prettier-ignore
	['EmbedLayerNormalization', embedded],
	...listed('QLinearConv', quantisedConvolution),
	...listed('QLinearAdd QLinearMul', elementwiseQuantised),
	...listed('Loop Scan', leftBy),
	['DepthToSpace', blockMoved(true)],
	['SpaceToDepth', blockMoved(false)],
];
