import { parseEquation } from './equation.ts';
import type { Facts } from './facts.ts';
import { behindCopies } from './scope.ts';
import { floatOf, intOf, intsOf, stringOf, type FlatNode } from './flat-node.ts';

/** A sum over products of two tensors; each axis has a label, equal labels run together. */
export interface Product {
	readonly node: FlatNode;
	readonly left: string;
	readonly right: string;
	readonly output: string;
	/** Null where the ranks are unknown. */
	readonly leftLabels: readonly string[] | null;
	readonly rightLabels: readonly string[] | null;
	readonly outputLabels: readonly string[] | null;
	/** Factor of the product itself, such as the alpha of FusedMatMul. */
	readonly factor: number;
	/** A third tensor added to the product, such as the C of Gemm. */
	readonly added: string | null;
	/** Operands are integers standing for quantised values. */
	readonly quantised: boolean;
}

type Labelled = Pick<Product, 'leftLabels' | 'rightLabels' | 'outputLabels'>;

const ofTwo = new Set([
	'MatMul',
	'FusedMatMul',
	'TransposeMatMul',
	'Gemm',
	'MatMulInteger',
	'MatMulIntegerToFloat',
	'DynamicQuantizeMatMul',
]);
const quantisedOps = new Set([
	'MatMulInteger',
	'MatMulIntegerToFloat',
	'DynamicQuantizeMatMul',
	'QLinearMatMul',
]);

/** Reads a node as a product of two tensors, or undefined where it is none. */
export function readProduct(node: FlatNode, facts: Facts): Product | undefined {
	const { opType } = node;
	if (ofTwo.has(opType)) return matrixProduct(node, facts, 0, 1);
	if (opType === 'QLinearMatMul') return matrixProduct(node, facts, 0, 3);
	if (opType === 'Einsum') return einsumProduct(node, facts);
	return opType === 'ReduceSum' ? summedProduct(node, facts) : undefined;
}

function matrixProduct(node: FlatNode, facts: Facts, a: number, b: number): Product | undefined {
	const [left, right, output] = [node.inputs[a], node.inputs[b], node.outputs[0]];
	if (!left || !right || !output) return undefined;
	const added = node.opType === 'Gemm' ? node.inputs[2] : undefined;
	return {
		...matrixLabels(node, facts.rankOf(left), facts.rankOf(right)),
		node,
		left,
		right,
		output,
		factor: floatOf(node, 'alpha') ?? 1,
		added: added && floatOf(node, 'beta') !== 0 ? added : null,
		quantised: quantisedOps.has(node.opType),
	};
}

function matrixLabels(node: FlatNode, leftRank: number | null, rightRank: number | null): Labelled {
	if (leftRank === null || rightRank === null || leftRank < 1 || rightRank < 1) {
		return { leftLabels: null, rightLabels: null, outputLabels: null };
	}
	const batch = (rank: number) =>
		Array.from({ length: Math.max(0, rank - 2) }, (_, i) => `b${rank - 3 - i}`);
	const oriented = (rank: number, [outer, inner]: [string, string], flag: string) => {
		const swap = intOf(node, flag) === 1;
		const batchSwap = intOf(node, flag.replace('trans', 'transBatch')) === 1;
		const matrix = swap ? [inner, outer] : [outer, inner];
		if (!batchSwap) return [...batch(rank), ...matrix];
		// FusedMatMul with transBatch: the first matrix axis stands before the batch axes
		return swap ? [inner, ...batch(rank), outer] : [outer, ...batch(rank), inner];
	};
	const leftLabels = leftRank === 1 ? ['k'] : oriented(leftRank, ['i', 'k'], 'transA');
	const rightLabels = rightRank === 1 ? ['k'] : oriented(rightRank, ['k', 'j'], 'transB').slice();
	const free = [...(leftRank > 1 ? ['i'] : []), ...(rightRank > 1 ? ['j'] : [])];
	return {
		leftLabels,
		rightLabels,
		outputLabels: [...batch(Math.max(leftRank, rightRank)), ...free],
	};
}

function einsumProduct(node: FlatNode, facts: Facts): Product | undefined {
	const [left, right, third] = node.inputs;
	const output = node.outputs[0];
	if (!left || !right || third || !output) return undefined;
	const ranks = [facts.rankOf(left), facts.rankOf(right)];
	const equation = parseEquation(stringOf(node, 'equation') ?? '', ranks);
	if (!equation) return undefined;
	const [leftLabels, rightLabels] = equation.inputs;
	if (!leftLabels || !rightLabels) return undefined;
	const shared = leftLabels.some((l) => rightLabels.includes(l) && !equation.output.includes(l));
	if (!shared) return undefined;
	return {
		node,
		left,
		right,
		output,
		leftLabels,
		rightLabels,
		outputLabels: equation.output,
		factor: 1,
		added: null,
		quantised: false,
	};
}

/** `ReduceSum(Mul(a, b), axis)` is a product over that axis. */
function summedProduct(node: FlatNode, facts: Facts): Product | undefined {
	const summed = node.inputs[0] ?? '';
	const multiplied = facts.scope.producerOf(behindCopies(facts.scope, summed));
	const output = node.outputs[0];
	const [left, right] = multiplied?.inputs ?? [];
	if (multiplied?.opType !== 'Mul' || !left || !right || left === right || !output)
		return undefined;
	const [leftShape, rightShape] = [facts.shapeOf(left), facts.shapeOf(right)];
	const axes = intsOf(node, 'axes') ?? facts.valueOf(node.inputs[1] ?? '');
	const axis = axes?.[0];
	if (!leftShape || !rightShape || axes?.length !== 1 || typeof axis !== 'number') return undefined;
	const rank = Math.max(leftShape.length, rightShape.length);
	const summedAxis = axis < 0 ? axis + rank : axis;
	const along = (shape: typeof leftShape) => shape[summedAxis - rank + shape.length];
	// a sum over one element is a change of layout
	if ([leftShape, rightShape].every((shape) => (along(shape) ?? 1) === 1)) return undefined;
	const label = (at: number) => (at === summedAxis ? 'k' : `a${at}`);
	// a broadcast axis does not run with the other operand's: it has no label there
	const labels = (shape: typeof leftShape) =>
		shape.map((dim, at) => (dim === 1 ? '1' : label(at + rank - shape.length)));
	const all = Array.from({ length: rank }, (_, at) => label(at));
	const kept = (intOf(node, 'keepdims') ?? 1) === 1;
	return {
		node,
		left,
		right,
		output,
		leftLabels: labels(leftShape),
		rightLabels: labels(rightShape),
		outputLabels: kept ? all.map((l) => (l === 'k' ? '1' : l)) : all.filter((l) => l !== 'k'),
		factor: 1,
		added: null,
		quantised: false,
	};
}

/** Labels that are summed over: in both operands and not in the result. */
export function contracted(product: Product): string[] {
	const { leftLabels, rightLabels, outputLabels } = product;
	if (!leftLabels || !rightLabels || !outputLabels) return [];
	return leftLabels.filter(
		(l) => l !== '1' && rightLabels.includes(l) && !outputLabels.includes(l),
	);
}

/** Labels that run over batch and heads, one operand alone having an axis of more than one place included. */
export function batchLabels({ leftLabels, rightLabels, outputLabels }: Product): string[] {
	if (!leftLabels || !rightLabels || !outputLabels) return [];
	const both = outputLabels.filter(
		(l) => l !== '1' && leftLabels.includes(l) && rightLabels.includes(l),
	);
	return outputLabels.filter((l) => both.includes(l) || /^b\d/.test(l));
}
