import type { Dim } from './dims.ts';
import type { Facts } from './facts.ts';
import { featureAxes } from './feature-axes.ts';
import { intOf, type FlatNode } from './flat-node.ts';
import type { Shape } from './inference.ts';
import { sliceBounds } from './value-rules.ts';
import { untouched } from './weights.ts';

/** What a tensor of chunks is cut from. */
export interface Sequence {
	/** The tensor with all tokens in one axis; the given one where nothing was cut. */
	readonly name: string;
	/** Its axis of tokens; null where nothing was cut. */
	readonly axis: number | null;
	/** Numbers that multiply it on the way, together. */
	readonly factor: number;
	/** What the last of its exponentials multiplies; the given tensor where there are none. */
	readonly bare: string;
	/** Numbers that multiply the given tensor after that. */
	readonly bareFactor: number;
	/** Exponentials that multiply or divide it on the way. */
	readonly powers: readonly string[];
	/** Where the way ends: the same for all that is made from one tensor. */
	readonly root: string;
	/** Whether tokens were added to fill the last chunk. */
	readonly padded: boolean;
}

const passing = new Set(
	'Identity Cast CastLike Unsqueeze Squeeze Transpose Expand Gather Neg Trilu Flatten'.split(' '),
);
const MOST_STEPS = 40;

/** Follows a tensor back to where it was cut into chunks, through changes of layout, numbers and decays. */
export function sequenceBehind(first: string, facts: Facts): Sequence {
	let current = first;
	let found: { name: string; axis: number; padded: boolean } | null = null;
	let factor = 1;
	let [bare, bareFactor] = [first, 1];
	const powers: string[] = [];
	for (let steps = 0; steps < MOST_STEPS; steps++) {
		const node = facts.scope.producerOf(current);
		if (!node) break;
		const cut = found ? null : cutBy(node, current, facts);
		if (cut) found = withoutPads(cut, facts);
		const step = cut ? { from: found!.name, factor: 1 } : stepOf(node, facts);
		if (!step) break;
		if (!found) {
			factor *= step.factor;
			if (step.power !== undefined) {
				powers.push(step.power);
				[bare, bareFactor] = [step.from, factor];
			}
		}
		current = step.from;
	}
	const { name, axis, padded } = found ?? { name: first, axis: null, padded: false };
	return { name, axis, padded, factor, bare, bareFactor, powers, root: current };
}

interface Step {
	readonly from: string;
	readonly factor: number;
	readonly power?: string;
}

function stepOf(node: FlatNode, facts: Facts): Step | null {
	const [first = '', second = '', third = ''] = node.inputs;
	const { opType } = node;
	if (passing.has(opType) || opType === 'Reshape' || opType === 'Pad' || opType === 'Slice')
		return { from: first, factor: 1 };
	if (opType === 'Where') {
		const filled = facts.numberOf(second) !== null;
		return filled || facts.numberOf(third) !== null ? { from: filled ? third : second, factor: 1 } : null; // prettier-ignore
	}
	if (opType !== 'Mul' && opType !== 'Div') return null;
	for (const [from, other] of opType === 'Mul'
		? [
				[first, second],
				[second, first],
			]
		: [[first, second]]) {
		const number = facts.numberOf(other!);
		if (number !== null) return { from: from!, factor: opType === 'Mul' ? number : 1 / number };
		if (isPower(other!, facts)) return { from: from!, factor: 1, power: other! };
	}
	return null;
}

/** An exponential, laid out or cut anew. */
export function isPower(name: string, facts: Facts): boolean {
	let current = name;
	for (let steps = 0; steps < 12; steps++) {
		const node = facts.scope.producerOf(current);
		if (node?.opType === 'Exp') return true;
		if (!node || !(passing.has(node.opType) || /^(Reshape|Slice)$/.test(node.opType))) return false;
		current = node.inputs[0] ?? '';
	}
	return false;
}

/** The axis that a node splits in two, or takes a run of tokens from. */
function cutBy(
	node: FlatNode,
	output: string,
	facts: Facts,
): { name: string; axis: number } | null {
	const [name = ''] = node.inputs;
	const [from, to] = [facts.shapeOf(name), facts.shapeOf(output)];
	if (!from || !to) return null;
	if (node.opType === 'Reshape') {
		const axis = splitAxis(from, to);
		const ofHeads = axis !== null && featureAxes(name, facts)?.has(axis) === true;
		return axis === null || ofHeads ? null : { name, axis };
	}
	if (node.opType === 'Split') {
		const axis = intOf(node, 'axis') ?? 0;
		const at = axis < 0 ? axis + from.length : axis;
		return at > 0 && at < from.length - 1 ? { name, axis: at } : null;
	}
	if (node.opType !== 'Slice' || from.length !== to.length) return null;
	const [bound, ...more] = sliceBounds(node, facts) ?? [];
	const at = bound ? (bound.axis < 0 ? bound.axis + from.length : bound.axis) : -1;
	const inside = at > 0 && at < from.length - 1 && to[at] !== 1;
	return inside && more.length === 0 && from[at] !== to[at] ? { name, axis: at } : null;
}

/** `[.., T, ..]` made `[.., chunks, tokens, ..]`. */
function splitAxis(from: Shape, to: Shape): number | null {
	if (to.length !== from.length + 1) return null;
	const axis = from.findIndex(
		(dim, at) => dim !== to[at] && !(at === 0 && areBatches(dim, to[at]!)),
	);
	if (axis < 1 || typeof to[axis + 1] !== 'number' || to[axis + 1] === 1) return null;
	return from.slice(axis + 1).every((dim, at) => dim === to[axis + 2 + at]) ? axis : null;
}

/** Of a batch an exporter may know the size in one place, or two names of it. */
const areBatches = (...dims: readonly Dim[]) =>
	dims.every((dim) => dim === 1 || (typeof dim === 'string' && !/[*+]/.test(dim)));

function withoutPads({ name, axis }: { name: string; axis: number }, facts: Facts) {
	let current = name;
	for (let steps = 0; steps < 4; steps++) {
		const node = facts.scope.producerOf(current);
		if (node?.opType !== 'Pad') break;
		current = node.inputs[0] ?? '';
	}
	return { name: current, axis, padded: current !== name };
}

/** Whether a tensor is another one, perhaps times strengths or with its sign turned. */
export function isMadeOf(name: string, other: string, facts: Facts): boolean {
	let current = sequenceBehind(name, facts).name;
	const target = untouched(other, facts);
	for (let steps = 0; steps < 6; steps++) {
		if (untouched(current, facts) === target) return true;
		const node = facts.scope.producerOf(untouched(current, facts));
		if (node?.opType !== 'Mul' && node?.opType !== 'Neg') return false;
		const next = node.inputs.find((input) => facts.shapeOf(input)?.at(-1) !== 1);
		if (next === undefined) return false;
		current = sequenceBehind(next, facts).name;
	}
	return false;
}
