import { basesOf, carryLabels, type Labels } from './carry.ts';
import type { Facts } from './facts.ts';
import { intOf, type FlatNode } from './flat-node.ts';
import { mixedByConvolution, mixedByProduct, type Mixed } from './mixed-heads.ts';
import { contracted, readProduct, type Product } from './product.ts';
import { readersOf } from './scope.ts';

/** Where a softmax's result multiplies a third tensor. */
export interface ValuePath {
	readonly product: Product;
	/** The operand that is the weights, as it enters the product. */
	readonly weights: string;
	readonly values: string;
	/** Labels of the weights' axes at the product. */
	readonly labels: Labels;
	readonly notes: readonly string[];
}

const passing = new Set(
	(
		'Identity Cast CastLike Reshape Transpose Squeeze Unsqueeze Flatten Dropout BitmaskDropout DequantizeLinear QuantizeLinear ' +
		'DynamicQuantizeLinear Clip Slice Pad Split Trilu Where Mul Div Add Sub Concat Gather Expand ScatterND ScatterElements ' +
		'Neg Tile Max Min'
	).split(' '),
);
const changing = new Set([
	'Mul',
	'Div',
	'Add',
	'Sub',
	'Concat',
	'Slice',
	'Pad',
	'Gather',
	'ScatterND',
	'ScatterElements',
]);
const MOST_VISITS = 200;

interface Visit {
	readonly name: string;
	readonly labels: Labels;
	readonly notes: readonly string[];
}

/**
 * Finds the products that the weights enter, the nearest first.
 *
 * @param accepts which of them mixes values; the first it accepts is taken
 */
export function findValuePath(
	weights: string,
	labels: Labels,
	facts: Facts,
	accepts: (path: ValuePath) => boolean,
): ValuePath | null {
	const queue: Visit[] = [{ name: weights, labels, notes: [] }];
	const seen = new Set([weights]);
	for (let at = 0; at < queue.length && at < MOST_VISITS; at++) {
		const visit = queue[at]!;
		for (const node of facts.scope.consumersOf(visit.name)) {
			const product = readProduct(node, facts);
			const path = product && asValuePath(product, visit, facts);
			if (path && accepts(path)) return path;
			const summed =
				node.opType === 'Mul' ? summedAfter(node.outputs[0] ?? '', visit, facts) : null;
			if (summed && accepts(summed)) return summed;
			const mixes = product !== undefined || node.opType === 'Conv';
			for (const next of mixes
				? mixedOn(node, product, visit, facts)
				: passedOn(node, visit, facts)) {
				if (seen.has(next.name)) continue;
				seen.add(next.name);
				queue.push(next);
			}
		}
	}
	return null;
}

function passedOn(node: FlatNode, visit: Visit, facts: Facts): Visit[] {
	const output = node.outputs[0];
	if (!passing.has(node.opType) || !output || !isData(node.inputs, node.opType, visit.name))
		return [];
	const labels = carryLabels(node, visit.name, visit.labels, facts);
	const note = changeOf(node);
	const notes = note === null ? visit.notes : [...visit.notes, note];
	const outputs = node.opType === 'Split' ? node.outputs : [output];
	return outputs.map((name) => ({ name, labels, notes }));
}

const FLOAT16 = 10;

export const WEIGHTS_QUANTISED = 'the weights are quantised before they meet the values';

export const passesThrough = (op: string): string =>
	`the weights pass through ${op} before they meet the values`;

/** What a node does to the weights' numbers, in words; null where it only re-arranges them. */
function changeOf(node: FlatNode): string | null {
	if (/QuantizeLinear$/.test(node.opType)) return WEIGHTS_QUANTISED;
	if (node.opType === 'Cast' && intOf(node, 'to') === FLOAT16)
		return 'the weights are rounded to float16 before they meet the values';
	return changing.has(node.opType) ? passesThrough(node.opType) : null;
}

/** Weights of which some were mixed with others by a weight of the model. */
function mixedOn(
	node: FlatNode,
	product: Product | undefined,
	visit: Visit,
	facts: Facts,
): Visit[] {
	const mixed = product
		? mixedWith(product, visit, facts)
		: mixedByConvolution(node, visit.labels, isToken, facts);
	if (!mixed) return [];
	const note = `the weights of ${mixed.parts} are mixed before they meet the values`;
	return [{ name: mixed.output, labels: mixed.labels, notes: [...visit.notes, note] }];
}

/** A matrix's own axes are i and j. */
const isToken = (label: string) => label === 'i' || label === 'j';

function mixedWith(product: Product, visit: Visit, facts: Facts): Mixed | null {
	const other = product.left === visit.name ? product.right : product.left;
	if (!facts.scope.isConstant(other)) return null;
	const mixed = mixedByProduct(product, visit.name, visit.labels, isToken);
	const kept = new Set(mixed?.labels?.flatMap(basesOf));
	return visit.labels?.includes('i') && kept.has('i') && kept.has('j') ? mixed : null;
}

/** Weights are what a node re-arranges, not the index, condition or shape it is told. */
function isData(inputs: readonly string[], opType: string, name: string): boolean {
	if (opType === 'Where') return inputs[1] === name || inputs[2] === name;
	if (['Mul', 'Div', 'Add', 'Sub', 'Concat', 'Max', 'Min'].includes(opType)) return true;
	return inputs[0] === name;
}

function asValuePath(
	product: Product,
	{ name, labels, notes }: Visit,
	facts: Facts,
): ValuePath | null {
	const isLeft = product.left === name;
	if (!isLeft && product.right !== name) return null;
	const values = isLeft ? product.right : product.left;
	if (values === name || (facts.scope.isConstant(values) && !facts.scope.isConstant(name)))
		return null;
	// a sum of masked weights is the size of a row
	if (product.node.opType === 'ReduceSum' && !hasFeatures(product, isLeft)) return null;
	return { product, weights: name, values, labels, notes };
}

/** Whether values have an axis that the weights lack. */
function hasFeatures({ leftLabels, rightLabels }: Product, weightsLeft: boolean): boolean {
	const [own, others] = weightsLeft ? [leftLabels, rightLabels] : [rightLabels, leftLabels];
	return !own || !others || others.some((label) => label !== '1' && !own.includes(label));
}

function summedAfter(output: string, visit: Visit, facts: Facts): ValuePath | null {
	for (const { node: consumer } of readersOf(facts.scope, output)) {
		const product = readProduct(consumer, facts);
		const path = product && asValuePath(product, visit, facts);
		if (path) return path;
	}
	return null;
}

/** Labels, as the scores have them, of the axes that the product sums over. */
export function summedLabels(path: ValuePath): string[] {
	const { product, labels } = path;
	const own = product.left === path.weights ? product.leftLabels : product.rightLabels;
	if (!labels || own?.length !== labels.length) return [];
	const summed = contracted(product);
	return labels.filter((_, axis) => summed.includes(own[axis]!)).flatMap(basesOf);
}
