import type { Facts } from './facts.ts';

/** Operators that lay a tensor out anew, its numbers as they are. */
export const LAYING_OUT: ReadonlySet<string> = new Set([
	'Transpose',
	'Reshape',
	'Flatten',
	'Unsqueeze',
	'Squeeze',
	'Identity',
	'Cast',
	'CastLike',
	'Expand',
	'Tile',
	'Slice',
]);

/** Whether a tensor is a weight or a view of one, even where the input says how large the view is. */
export function isWeight(name: string, { scope }: Facts): boolean {
	let current = name;
	for (let steps = 0; steps < 16; steps++) {
		if (scope.isConstant(current)) return true;
		const node = scope.producerOf(current);
		if (!node || !LAYING_OUT.has(node.opType)) return false;
		current = node.inputs[0] ?? '';
	}
	return false;
}

const turning = new Set([
	'Transpose',
	'Reshape',
	'Unsqueeze',
	'Squeeze',
	'Identity',
	'Cast',
	'CastLike',
	'Expand',
]);

/** The tensor that a tensor is, but for the order and number of its axes. */
export const untouched = (name: string, facts: Facts): string => behind(name, facts, turning, 16);

const opening = new Set(['Unsqueeze', 'Expand', 'Identity', 'Cast']);

/** The tensor that another is, but for axes of one element. */
export const withoutOpenAxes = (name: string, facts: Facts): string =>
	behind(name, facts, opening, 4);

/** The tensor that so many operators at most were made from, as long as all are of these. */
function behind(
	name: string,
	{ scope }: Facts,
	passing: ReadonlySet<string>,
	most: number,
): string {
	let current = name;
	for (let steps = 0; steps < most; steps++) {
		const node = scope.producerOf(current);
		if (!node || !passing.has(node.opType)) break;
		current = node.inputs[0] ?? '';
	}
	return current;
}
