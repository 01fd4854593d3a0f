import { reshaped } from './carry.ts';
import type { Facts } from './facts.ts';
import { intsOf, type FlatNode } from './flat-node.ts';
import { contracted, readProduct, type Product } from './product.ts';
import { isWeight } from './weights.ts';

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
export function featureAxes(name: string, facts: Facts): ReadonlySet<number> | null {
	return find(name, facts, 0, new Map());
}

type Axes = ReadonlySet<number> | null;

/** What was looked at on the way: sums of sums would be walked again and again. */
type Seen = Map<string, Axes>;

function find(name: string, facts: Facts, depth: number, seen: Seen): Axes {
	const known = seen.get(name);
	if (known !== undefined) return known;
	seen.set(name, null);
	const axes = look(name, facts, depth, seen);
	seen.set(name, axes);
	return axes;
}

function look(name: string, facts: Facts, depth: number, seen: Seen): Axes {
	const { scope } = facts;
	const node = scope.producerOf(name);
	const rank = facts.rankOf(name);
	if (!node || rank === null || depth > DEEPEST || seen.size > MOST_VISITS) return null;
	if (node.opType === 'Gemm' || node.opType === 'MatMulNBits') return new Set([rank - 1]);
	const product = readProduct(node, facts);
	const carrier = product && carrierOf(product, facts);
	if (product && carrier) return projected(product, carrier, facts, depth, seen);
	if (node.opType === 'Conv') return new Set([1]);
	if (/LayerNorm|RMSNorm|LpNorm/.test(node.opType)) return new Set([rank - 1]);
	for (const source of sourcesOf(node, rank, facts)) {
		const inner = find(source, facts, depth + 1, seen);
		if (inner) return carried(node, source, inner, rank, facts);
	}
	return null;
}

/** Of a product with a weight the operand that is none. */
function carrierOf({ left, right }: Product, facts: Facts): string | null {
	const [a, b] = [isWeight(left, facts), isWeight(right, facts)];
	if (a === b) return null;
	return a ? right : left;
}

/** What a weight makes of features are features, what it makes of tokens are fewer or more of them. */
function projected(
	product: Product,
	carrier: string,
	facts: Facts,
	depth: number,
	seen: Seen,
): Axes {
	const own = product.left === carrier ? product.leftLabels : product.rightLabels;
	const { outputLabels } = product;
	const [summed] = contracted(product);
	if (!own || !outputLabels || summed === undefined) return null;
	const inner = find(carrier, facts, depth + 1, seen);
	const isLast = own.indexOf(summed) === own.length - 1;
	if (!inner && !isLast) return null;
	const features = new Set([...(inner ?? [])].map((axis) => own[axis]));
	const makesFeatures = !inner || features.has(summed);
	return new Set(
		outputLabels.flatMap((label, axis) =>
			features.has(label) || (makesFeatures && !own.includes(label)) ? [axis] : [],
		),
	);
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
