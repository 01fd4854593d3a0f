import { multiply, type Dim } from './dims.ts';
import type { Facts } from './facts.ts';
import type { Shape } from './inference.ts';
import { intOf, intsOf, type FlatNode } from './flat-node.ts';
import type { Product } from './product.ts';

/** A label for each axis of a tensor, as seen from some product; null where the axes were lost. */
export type Labels = readonly string[] | null;

/** Labels of a node's first output, given those of one of its inputs. */
export function carryLabels(node: FlatNode, from: string, labels: Labels, facts: Facts): Labels {
	if (!labels) return null;
	switch (node.opType) {
		case 'Transpose': {
			const perm = intsOf(node, 'perm');
			if (!perm) return [...labels].reverse();
			return perm.length === labels.length ? perm.map((axis) => labels[axis]!) : null;
		}
		case 'Unsqueeze':
			return unsqueezed(node, labels, facts);
		case 'Squeeze':
			return squeezed(node, from, labels, facts);
		case 'Reshape':
		case 'Flatten':
			return reshaped(labels, facts.shapeOf(from), facts.shapeOf(node.outputs[0] ?? ''));
		case 'ReduceSum':
		case 'ReduceMean':
		case 'ReduceMax':
			return reduced(node, labels, facts);
		case 'Gather':
			return gathered(node, labels, facts);
		default:
			return broadcastLabels(labels, facts.rankOf(node.outputs[0] ?? ''));
	}
}

/** Element-wise operators may add axes on the left. */
function broadcastLabels(labels: readonly string[], rank: number | null): Labels {
	const added = (rank ?? labels.length) - labels.length;
	return added <= 0 ? labels : [...Array.from({ length: added }, (_, i) => `+${i}`), ...labels];
}

function axesOf(node: FlatNode, facts: Facts): number[] | null {
	const axes = intsOf(node, 'axes') ?? (node.inputs[1] ? facts.valueOf(node.inputs[1]) : null);
	return axes?.every((axis) => typeof axis === 'number') ? (axes as number[]) : null;
}

function unsqueezed(node: FlatNode, labels: readonly string[], facts: Facts): Labels {
	const axes = axesOf(node, facts);
	if (!axes) return null;
	const rank = labels.length + axes.length;
	const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
	let from = 0;
	return Array.from({ length: rank }, (_, axis) =>
		added.has(axis) ? '1' : (labels[from++] ?? '1'),
	);
}

function squeezed(node: FlatNode, from: string, labels: readonly string[], facts: Facts): Labels {
	const axes = axesOf(node, facts);
	const shape = facts.shapeOf(from);
	if (!axes && node.inputs[1]) return null;
	const gone = new Set(axes?.map((axis) => (axis < 0 ? axis + labels.length : axis)));
	return labels.filter((_, axis) => (axes ? !gone.has(axis) : shape?.[axis] !== 1));
}

function reduced(node: FlatNode, labels: readonly string[], facts: Facts): Labels {
	const axes = axesOf(node, facts);
	if (!axes) return null;
	const gone = new Set(axes.map((axis) => (axis < 0 ? axis + labels.length : axis)));
	if (intOf(node, 'keepdims') !== 0) return labels.map((label, axis) => (gone.has(axis) ? '1' : label)); // prettier-ignore
	return labels.filter((_, axis) => !gone.has(axis));
}

function gathered(node: FlatNode, labels: readonly string[], facts: Facts): Labels {
	const rank = facts.rankOf(node.inputs[1] ?? '');
	if (rank === null) return null;
	const at = intOf(node, 'axis') ?? 0;
	const axis = at < 0 ? at + labels.length : at;
	const chosen = rank === 0 ? [] : [labels[axis] ?? '1', ...Array<string>(rank - 1).fill('1')];
	return [...labels.slice(0, axis), ...chosen, ...labels.slice(axis + 1)];
}

/**
 * Follows labels through a reshape by matching sizes from the right. An axis that is split passes its label to
 * each part as `label/n`, merged axes join theirs with `&`. Where sizes are unknown the last two axes are taken
 * to stay, as they do in every exporter's batching of heads.
 */
export function reshaped(labels: readonly string[], from: Shape | null, to: Shape | null): Labels {
	if (!to) return null;
	if (from?.length !== labels.length) return matchedFromRight(labels, to.length);
	const result: string[] = Array<string>(to.length).fill('1');
	let i = labels.length - 1;
	let o = to.length - 1;
	while (i >= 0 && o >= 0) {
		if (same(from[i]!, to[o]!)) {
			result[o--] = labels[i--]!;
			continue;
		}
		const group = matchGroup(from, to, i, o);
		if (!group) return unmatched(labels, result, i, o, to);
		const merged = labels.slice(group.i, i + 1).filter((_, at) => from[group.i + at] !== 1);
		const joined = joinLabels(merged);
		const parts = o - group.o + 1;
		for (let part = 0; part < parts; part++) {
			result[group.o + part] = parts === 1 ? joined : `${joined}/${part}`;
		}
		i = group.i - 1;
		o = group.o - 1;
	}
	return result;
}

/** The smallest runs of axes, ending at `i` and `o`, that hold equally many elements. */
function matchGroup(from: Shape, to: Shape, i: number, o: number): { i: number; o: number } | null {
	for (let size = 2; size <= i + o + 2; size++) {
		for (let left = 1; left < size; left++) {
			const [a, b] = [i - left + 1, o - (size - left) + 1];
			if (a < 0 || b < 0) continue;
			if (same(run(from, a, i), run(to, b, o))) return { i: a, o: b };
		}
	}
	return null;
}

const run = (shape: Shape, first: number, last: number): Dim =>
	shape.slice(first, last + 1).reduce<Dim>(multiply, 1);

const same = (a: Dim, b: Dim) => a !== null && a === b;

function unmatched(
	labels: readonly string[],
	result: readonly string[],
	i: number,
	o: number,
	to: Shape,
): Labels {
	const settled = result.slice(o + 1);
	if (settled.filter((label) => label !== '1').length >= 2) {
		return [...leading(labels.slice(0, i + 1), o + 1), ...settled];
	}
	return matchedFromRight(labels, to.length);
}

function matchedFromRight(labels: readonly string[], rank: number): Labels {
	if (rank < 2 || labels.length < 2) return null;
	return [...leading(labels.slice(0, -2), rank - 2), ...labels.slice(-2)];
}

/** Labels of axes in front whose regrouping is unknown. */
function leading(labels: readonly string[], rank: number): string[] {
	if (labels.length === rank) return [...labels];
	const joined = joinLabels(labels);
	return Array.from({ length: rank }, (_, part) => (rank === 1 ? joined : `${joined}/${part}`));
}

/** Parts of one axis that come together again are that axis. */
function joinLabels(labels: readonly string[]): string {
	const bases = new Set(labels.map((label) => label.replace(/\/\d+$/, '')));
	const [only] = bases;
	if (bases.size === 1 && only !== undefined) return only;
	return labels.join('&') || '1';
}

/** The product's own labels that an axis label was made from. */
export function basesOf(label: string): string[] {
	return [...new Set(label.split('&').map((part) => part.replace(/\/.*$/, '')))];
}

/**
 * Labels after a product with a weight: the axis it sums over goes on as the axis the weight brings.
 *
 * @param carrier the operand that is no weight, with its axes' `labels`
 */
export function mixedLabels(
	product: Product,
	carrier: string,
	labels: Labels,
	isToken: (label: string) => boolean,
): Labels {
	const left = product.left === carrier;
	const own = left ? product.leftLabels : product.rightLabels;
	const weight = left ? product.rightLabels : product.leftLabels;
	if (!labels || !product.outputLabels || own?.length !== labels.length) return null;
	const summed = own.filter((label) => !product.outputLabels!.includes(label));
	const brought = product.outputLabels.filter(
		(label) => !own.includes(label) && weight?.includes(label),
	);
	if (summed.length !== 1 || brought.length !== 1) return null;
	// a sum over queries or keys mixes tokens
	if (basesOf(labels[own.indexOf(summed[0]!)] ?? '').some(isToken)) return null;
	return product.outputLabels.map(
		(label) => labels[own.indexOf(label === brought[0] ? summed[0]! : label)] ?? '1',
	);
}
