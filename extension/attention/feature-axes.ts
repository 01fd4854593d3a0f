import { reshaped } from './carry.ts';
import type { Facts } from './facts.ts';
import { intsOf, type FlatNode } from './flat-node.ts';

const DEEPEST = 24;
const MOST_VISITS = 48;
const layout = new Set([
	'Transpose',
	'Reshape',
	'Flatten',
	'Unsqueeze',
	'Squeeze',
	'Slice',
	'Split',
	'Gather',
	'Expand',
	'Tile',
]);

/**
 * Axes of an activation that hold features (heads included), not tokens: those that come from the result axis of a
 * projection, from the channels of a convolution or from a normalised axis.
 *
 * @returns null where no projection was found behind the tensor
 */
export function featureAxes(
	name: string,
	facts: Facts,
	depth = 0,
	visits = { left: MOST_VISITS },
): ReadonlySet<number> | null {
	const { scope } = facts;
	const node = scope.producerOf(name);
	const rank = facts.rankOf(name);
	if (!node || rank === null || depth > DEEPEST || visits.left-- <= 0) return null;
	if (isProjection(node, facts)) return new Set([rank - 1]);
	if (node.opType === 'Conv') return new Set([1]);
	if (/LayerNorm|RMSNorm|LpNorm/.test(node.opType)) return new Set([rank - 1]);
	for (const source of sourcesOf(node, rank, facts)) {
		const inner = featureAxes(source, facts, depth + 1, visits);
		if (inner) return carried(node, source, inner, rank, facts);
	}
	return null;
}

function isProjection(node: FlatNode, { scope }: Facts): boolean {
	const [left = '', right = ''] = node.inputs;
	if (node.opType === 'Gemm' || node.opType === 'MatMulNBits') return true;
	return node.opType === 'MatMul' && scope.isConstant(right) && !scope.isConstant(left);
}

/** The inputs that an element-wise or layout operator re-arranges: of full rank and no weights. */
function sourcesOf(node: FlatNode, rank: number, facts: Facts): readonly string[] {
	if (layout.has(node.opType)) return node.inputs.slice(0, 1);
	return node.inputs
		.filter((input) => !facts.scope.isConstant(input) && facts.rankOf(input) === rank)
		.slice(0, 3);
}

function carried(
	node: FlatNode,
	source: string,
	inner: ReadonlySet<number>,
	rank: number,
	facts: Facts,
): ReadonlySet<number> | null {
	if (node.opType === 'Transpose') {
		const perm = intsOf(node, 'perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
		return new Set(perm.flatMap((from, to) => (inner.has(from) ? [to] : [])));
	}
	const from = facts.shapeOf(source);
	if (!from || !layout.has(node.opType)) return inner;
	// a part of an axis is not another axis, though sizes may happen to match
	if (from.length === rank && node.opType !== 'Reshape') return inner;
	const labels = from.map((_, axis) => (inner.has(axis) ? `f${axis}` : `t${axis}`));
	const carriedLabels = reshaped(labels, from, facts.shapeOf(node.outputs[0] ?? ''));
	return (
		carriedLabels &&
		new Set(carriedLabels.flatMap((label, axis) => (/^f\d/.test(label) ? [axis] : [])))
	);
}
