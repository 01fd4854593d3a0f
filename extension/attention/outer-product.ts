import { carryLabels } from './carry.ts';
import type { Facts } from './facts.ts';
import { parseEquation } from './equation.ts';
import { intsOf, stringOf, type FlatNode } from './flat-node.ts';

/** A tensor every element of which is a number of one vector times one of another. */
export interface OuterProduct {
	readonly vectors: readonly [string, string];
	/** Along which axis of the product each vector runs, counted from the right; null where that is not known. */
	readonly axes: readonly [number | null, number | null];
	/** What else multiplies it, the same along both axes. */
	readonly factors: readonly string[];
	/** What divides it. */
	readonly divisor?: string;
}

const laying = new Set([
	'Identity',
	'Cast',
	'CastLike',
	'Transpose',
	'Reshape',
	'Unsqueeze',
	'Squeeze',
]);

/** Reads a column times a row, in whatever order it is written; null for anything else. */
export function readOuter(name: string, facts: Facts, depth = 0): OuterProduct | null {
	const node = facts.scope.producerOf(name);
	if (!node || depth > 8) return null;
	const [a = '', b = ''] = node.inputs;
	switch (node.opType) {
		case 'Mul':
			return multiplied(a, b, facts, depth);
		case 'Div': {
			const found = readOuter(a, facts, depth + 1);
			return found && { ...found, divisor: b };
		}
		case 'MatMul':
			return columnByRow(a, b, facts);
		case 'Einsum':
			return byEquation(node, facts);
		case 'Neg':
		case 'Clip':
			return readOuter(a, facts, depth + 1);
		default:
			return laying.has(node.opType) ? laidOut(node, readOuter(a, facts, depth + 1), facts) : null;
	}
}

function multiplied(a: string, b: string, facts: Facts, depth: number): OuterProduct | null {
	const [left, right] = [openAxes(a, facts), openAxes(b, facts)];
	// where a is open b runs, and the other way round
	const along = right.find((axis) => !left.includes(axis)) ?? null;
	const across = left.find((axis) => !right.includes(axis)) ?? null;
	if (along !== null && across !== null && !isFlat(a, along, facts) && !isFlat(b, across, facts)) {
		return { vectors: [a, b], axes: [along, across], factors: [] };
	}
	for (const [inner, factor] of [
		[a, b],
		[b, a],
	] as const) {
		const found = readOuter(inner, facts, depth + 1);
		if (found) return { ...found, factors: [...found.factors, factor] };
	}
	return null;
}

/** Nothing but a number along an axis: then it is a factor, not a vector. */
const isFlat = (name: string, axis: number, facts: Facts) =>
	facts.shapeOf(name)?.at(-axis) === 1 || (facts.rankOf(name) ?? axis) < axis;

/** Axes of size 1 among the last three, counted from the right: the other operand fills them. */
function openAxes(name: string, facts: Facts): number[] {
	const shape = facts.shapeOf(name);
	if (shape) return [1, 2, 3].filter((back) => shape.at(-back) === 1 || back > shape.length);
	const node = facts.scope.producerOf(name);
	if (node?.opType !== 'Unsqueeze') return [];
	const axes = intsOf(node, 'axes') ?? facts.valueOf(node.inputs[1] ?? '');
	return axes?.flatMap((axis) => (typeof axis === 'number' && axis < 0 ? [-axis] : [])) ?? [];
}

function columnByRow(a: string, b: string, facts: Facts): OuterProduct | null {
	const [left, right] = [openAxes(a, facts), openAxes(b, facts)];
	const isOuter = left.includes(1) && right.includes(2) && !left.includes(2) && !right.includes(1);
	return isOuter ? { vectors: [a, b], axes: [2, 1], factors: [] } : null;
}

/** No label is summed over, and two operands have one each that no other but factors along it has. */
function byEquation(node: FlatNode, facts: Facts): OuterProduct | null {
	const ranks = node.inputs.map((input) => facts.rankOf(input));
	const equation = parseEquation(stringOf(node, 'equation') ?? '', ranks);
	if (!equation || node.inputs.length < 2) return null;
	const { inputs, output } = equation;
	if (!inputs.flat().every((label) => output.includes(label))) return null;
	const widest = inputs.map((labels, at) => ({ labels, at }));
	for (const first of widest) {
		for (const second of [...widest].reverse()) {
			if (first.at === second.at) continue;
			const own = first.labels.find((label) => !second.labels.includes(label));
			const other = second.labels.find((label) => !first.labels.includes(label));
			if (own === undefined || other === undefined) continue;
			const rest = widest.filter(({ at }) => at !== first.at && at !== second.at);
			// what runs along the first vector too is a part of it, not of the second
			if (rest.some(({ labels }) => labels.includes(own) && !labels.includes(other))) continue;
			return {
				vectors: [node.inputs[first.at]!, node.inputs[second.at]!],
				axes: [output.length - output.indexOf(own), output.length - output.indexOf(other)],
				factors: rest.map(({ at }) => node.inputs[at]!),
			};
		}
	}
	return null;
}

/** The axes after a change of layout, as far as they can be followed. */
function laidOut(node: FlatNode, found: OuterProduct | null, facts: Facts): OuterProduct | null {
	if (!found || node.opType === 'Identity' || /^Cast/.test(node.opType)) return found;
	const from = node.inputs[0] ?? '';
	const rank = facts.rankOf(from);
	if (rank === null) return { ...found, axes: [null, null] };
	const labels = Array.from({ length: rank }, (_, axis) => `s${rank - axis}`);
	const after = carryLabels(node, from, labels, facts);
	const moved = (axis: number | null) => {
		const at = after?.indexOf(`s${axis}`) ?? -1;
		return at < 0 ? null : after!.length - at;
	};
	return { ...found, axes: [moved(found.axes[0]), moved(found.axes[1])] };
}
