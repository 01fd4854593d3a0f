import { coefficientOf, divide, isFresh, multiply, productOf, type Dim } from './dims.ts';
import type { Facts } from './facts.ts';
import { featureAxes } from './feature-axes.ts';
import { intOf } from './flat-node.ts';
import { behindCopies } from './scope.ts';

export interface HeadCount {
	readonly heads: number | null;
	readonly kvHeads: number | null;
	readonly headSize: number | null;
	/** Batch and heads share one axis. */
	readonly merged: boolean;
	/** The head axis stands before the batch axis. */
	readonly headsFirst: boolean;
	/** Of three axes in front one holds windows, not groups of heads: the middle one, or the last. */
	readonly ofWindows: 'between' | 'behind' | null;
	/** Queries are channels: q·k sums over tokens. */
	readonly ofChannels: boolean;
}

/** Axis letters of q and k, with the names of the tensors that carry them. */
export interface ScoreOperands {
	readonly q: string;
	readonly k: string;
	readonly qLabels: readonly string[] | null;
	readonly kLabels: readonly string[] | null;
	/** Labels that run over batch and heads, outermost first. */
	readonly batch: readonly string[];
	readonly contracted: readonly string[];
	/** What is mixed, where it is known: keys may be rotated after heads were repeated, values are not. */
	readonly v?: string;
}

/** Counts heads from the sizes of the operands of q·k, and from what was merged or repeated before. */
export function countHeads(operands: ScoreOperands, facts: Facts): HeadCount {
	const { q, k, v = '', qLabels, kLabels, batch } = operands;
	const sizeIn = (name: string, labels: readonly string[] | null, label: string): Dim => {
		const axis = labels?.indexOf(label) ?? -1;
		return axis < 0 ? null : (facts.shapeOf(name)?.[axis] ?? null);
	};
	const sizeOf = (label: string): Dim => {
		const sizes = [sizeIn(q, qLabels, label), sizeIn(k, kLabels, label)];
		return (
			sizes.find((d) => typeof d === 'number' && d !== 1) ?? sizes.find((d) => d !== null) ?? null
		);
	};
	const { headsFirst, ofWindows, ofChannels, ofFeatures } = readFeatures(operands, facts);
	const own = qLabels?.find((label) => !batch.includes(label) && !operands.contracted.includes(label)); // prettier-ignore
	const size = ofChannels && own !== undefined ? [sizeIn(q, qLabels, own)] : operands.contracted.map(sizeOf); // prettier-ignore
	const headSize = size.length === 0 ? null : productOf(size);
	const outward = headsFirst ? [...batch].reverse() : batch.slice(...ofHeads[ofWindows ?? 'none']);
	const { heads, merged } = headAxis(outward, sizeOf, q, k, facts, ofFeatures);
	const repeat = heads === null ? null : (repetition(k, facts) ?? repetition(v, facts));
	const kept = outward.length === 0 ? null : sizeIn(k, kLabels, outward.at(-1)!);
	// keys without an axis of heads are those of all
	const isShared = batch.length === 2 && kLabels?.includes(outward.at(-1)!) === false;
	return {
		heads,
		kvHeads: isShared ? 1 : keyHeads(outward, heads, kept, repeat, sizeIn(k, kLabels, outward.at(-2) ?? '')), // prettier-ignore
		headSize: typeof headSize === 'number' ? headSize : null,
		merged,
		headsFirst,
		ofWindows,
		ofChannels,
	};
}

/** Which axes in front are those of batch and heads, by where windows stand. */
const ofHeads: Readonly<Record<NonNullable<HeadCount['ofWindows']> | 'none', [number, number?]>> = {
	none: [0],
	between: [1],
	behind: [0, 2],
};

/** What the axes of q are made from tells heads from batch, and channels from tokens. */
function readFeatures(operands: ScoreOperands, facts: Facts) {
	const { q, k, qLabels, kLabels, batch, contracted } = operands;
	const ofQ = qLabels && featureAxes(q, facts);
	const features = ofQ ?? (kLabels && featureAxes(k, facts));
	const labels = ofQ ? qLabels : kLabels;
	const isFeature = (label: string) => features?.has(labels!.indexOf(label)) === true;
	const [first, second, third] = batch;
	const own = qLabels?.filter((label) => !batch.includes(label) && !contracted.includes(label));
	return {
		/** Whether one of the axes in front holds features; null where nothing tells. */
		ofFeatures: features ? batch.some(isFeature) : null,
		headsFirst: batch.length === 2 && isFeature(first!) && !isFeature(second!),
		ofWindows: batch.length === 3 && isFeature(third!) !== isFeature(second!) ? (isFeature(third!) ? ('between' as const) : ('behind' as const)) : null, // prettier-ignore
		ofChannels:
			features != null && contracted.length > 0 && !contracted.some(isFeature) && own?.some(isFeature) === true, // prettier-ignore
	};
}

function keyHeads(
	batch: readonly string[],
	heads: number | null,
	kept: Dim,
	repeat: number | null,
	group: Dim,
): number | null {
	if (heads === null) return null;
	// queries alone have an axis for those that share a key head
	if (batch.length === 3 && kept === null && typeof group === 'number') return group;
	if (batch.length === 3 && kept === 1 && typeof group === 'number') return group;
	if (batch.length === 2 && kept === 1) return 1;
	if (repeat && heads % repeat === 0) return heads / repeat;
	return heads;
}

function headAxis(
	batch: readonly string[],
	sizeOf: (label: string) => Dim,
	q: string,
	k: string,
	facts: Facts,
	isOfFeatures: boolean | null,
): { heads: number | null; merged: boolean } {
	if (batch.length === 0) return { heads: 1, merged: false };
	const last = sizeOf(batch.at(-1)!);
	if (batch.length === 3) {
		const group = sizeOf(batch[1]!);
		const both = typeof last === 'number' && typeof group === 'number' ? last * group : null;
		return { heads: both, merged: false };
	}
	if (batch.length >= 2) {
		// chunks of tokens stand beside an axis that holds batch and heads
		const folded = isOfFeatures === false ? mergedHeads(q, facts) : null;
		if (folded !== null) return { heads: folded, merged: true };
		return { heads: typeof last === 'number' ? last : null, merged: false };
	}
	const found = mergedHeads(q, facts) ?? mergedHeads(k, facts);
	if (found !== null) return { heads: found, merged: found > 1 };
	const factor = typeof last === 'string' ? (coefficientOf(last) ?? 1) : 1;
	return { heads: factor, merged: factor > 1 };
}

const steps = new Set([
	'Transpose',
	'Mul',
	'Div',
	'Add',
	'Cast',
	'Identity',
	'Concat',
	'Dropout',
	'DequantizeLinear',
	'QuantizeLinear',
	'DynamicQuantizeLinear',
	// q, k and v cut out of one tensor
	'Split',
	'Gather',
	'Slice',
]);

/** Heads that a reshape or a concatenation of head slices folded into the batch axis. */
function mergedHeads(name: string, facts: Facts): number | null {
	const { scope } = facts;
	let current = name;
	for (let hops = 0; hops < 16; hops++) {
		const node = scope.producerOf(current);
		if (!node) return null;
		if (node.opType === 'Reshape') {
			const from = facts.shapeOf(node.inputs[0] ?? '');
			const to = facts.shapeOf(current);
			const head = from && to ? foldedAxis(from, to) : null;
			if (head !== null) return isOfTokens(node.inputs[0] ?? '', head, facts) ? null : head;
		}
		if (node.opType === 'Concat' && intOf(node, 'axis') === 0) {
			const parts = new Set(
				node.inputs.map((input) => scope.producerOf(behindCopies(scope, input))),
			);
			const [split] = parts;
			if (parts.size === 1 && split?.opType === 'Split') return node.inputs.length;
		}
		if (
			!steps.has(node.opType) &&
			node.opType !== 'Reshape' &&
			node.opType !== 'Unsqueeze' &&
			node.opType !== 'Squeeze'
		)
			return null;
		current = node.inputs.find((input) => !scope.isConstant(input)) ?? '';
	}
	return null;
}

/** Rows or columns of a picture that the batch takes up hold no features. */
function isOfTokens(name: string, size: number, facts: Facts): boolean {
	const [shape, features] = [facts.shapeOf(name), featureAxes(name, facts)];
	if (shape?.length !== 4 || !features || features.size === 0) return false;
	return !shape.some((dim, axis) => dim === size && features.has(axis));
}

/** `[B, H, T, d]` or `[T, B, H·d]` made `[B·H, T, d]` or `[T, B·H, d]`: the size of the axis folded or split off. */
function foldedAxis(from: readonly Dim[], to: readonly Dim[]): number | null {
	// q, k and v still stand in front: `[3, B, H, T, d]` made `[3, B·H, T, d]`
	if (from.length === 5 && to.length === 4 && from[0] === 3 && to[0] === 3)
		return foldedAxis(from.slice(1), to.slice(1));
	if (to.length !== 3) return null;
	const folds = (batch: Dim, count: Dim) =>
		to.some((dim) => dim !== null && dim === multiply(batch, count));
	if (from.length === 4) {
		const [batch, head, third] = from as [Dim, Dim, Dim, Dim];
		// tokens first: `[T, B, H, d]` made `[T, B·H, d]`
		if (typeof third === 'number' && to[0] === batch && to[1] !== third && to[1] === multiply(head, third)) return third; // prettier-ignore
		const [count, other] = typeof head === 'number' ? [head, batch] : [third, batch];
		if (typeof count !== 'number') return null;
		const unknown = isFresh(to[0]!) && typeof to[2] === 'number' && from[3] === to[2];
		return unknown || to[0] === multiply(other, count) ? count : null;
	}
	if (from.length !== 3) return null;
	const ratio = divide(from[2]!, to[2]!);
	if (typeof ratio !== 'number' || ratio <= 1 || typeof to[2] !== 'number') return null;
	return folds(from[0]!, ratio) || folds(from[1]!, ratio) ? ratio : null;
}

const layout = new Set([
	'Transpose',
	'Reshape',
	'Unsqueeze',
	'Squeeze',
	'Identity',
	'Cast',
	'Mul',
	'Div',
	'Concat',
	'Flatten',
	// rotated after they were repeated
	'Add',
	'Slice',
]);

/** How often each key head is repeated before the product; null where it is not. */
function repetition(name: string, facts: Facts): number | null {
	const { scope } = facts;
	let current = name;
	for (let hops = 0; hops < 12; hops++) {
		const node = scope.producerOf(current);
		if (!node) return null;
		const from = facts.shapeOf(node.inputs[0] ?? '');
		const to = facts.shapeOf(current);
		if (node.opType === 'Expand' || node.opType === 'Tile') {
			const grown = from && to ? grownInside(from, to) : null;
			if (grown !== null) return grown;
		} else if (
			node.opType === 'Concat' &&
			node.inputs.length > 1 &&
			new Set(node.inputs).size === 1
		) {
			return node.inputs.length;
		} else if (!layout.has(node.opType)) return null;
		current = node.inputs.find((input) => !scope.isConstant(input)) ?? '';
	}
	return null;
}

/** The whole factor by which one inner axis grew. */
function grownInside(from: readonly Dim[], to: readonly Dim[]): number | null {
	const shift = to.length - from.length;
	for (let axis = 1; axis < to.length - 1; axis++) {
		const before = from[axis - shift] ?? 1;
		const factor = before === 1 ? to[axis]! : divide(to[axis]!, before);
		if (typeof factor === 'number' && factor > 1 && before !== to[axis]) return factor;
	}
	return null;
}
