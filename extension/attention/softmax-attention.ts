import type { SiteTensor } from '../protocol/model.ts';
import { axesOfRoles } from './axes.ts';
import { basesOf, type Labels } from './carry.ts';
import type { Facts } from './facts.ts';
import { intOf, type FlatNode } from './flat-node.ts';
import type { Finding, FormFinder } from './form.ts';
import { countHeads } from './heads.ts';
import { isCross } from './lineage.ts';
import { maskTerm, readMasks } from './masks.ts';
import { contracted } from './product.ts';
import { floatBehind } from './quantised.ts';
import { findScorePath, type MaskTerm, type ScorePath } from './score-path.ts';
import { findValuePath, summedLabels, type ValuePath } from './value-path.ts';

const softmaxes = new Set(['Softmax', 'BiasSoftmax', 'QLinearSoftmax']);

/**
 * Softmax of a product of two tensors, through masks, scales and changes of layout, whose result multiplies a third:
 * `output = softmax(scale * q·k + mask) · v`.
 */
export const softmaxAttention: FormFinder = {
	id: 'softmax',
	find(facts) {
		return facts.scope.nodes.flatMap((node) => {
			if (!softmaxes.has(node.opType)) return [];
			const finding = readSoftmax(node, node.inputs[0] ?? '', node.outputs[0] ?? '', facts);
			return finding ? [finding] : [];
		});
	},
};

/**
 * Reads the attention around a softmax, or null where there is none.
 *
 * @param scores the tensor that is normalised, `weights` the result
 */
export function readSoftmax(
	node: FlatNode,
	scores: string,
	weights: string,
	facts: Facts,
): Finding | null {
	const path = findScorePath(scores, facts);
	if (!path) return null;
	const keyAxis = path.labels && softmaxAxis(node, path.labels.length, facts);
	const keyLabel = keyAxis === null ? null : (path.labels?.at(keyAxis) ?? null);
	const value = meetValues(weights, path, keyLabel, facts);
	if (!value) return null;
	return describe(node, scores, weights, path, value, keyLabel, facts);
}

/** Before opset 13 the axis defaults to 1 and everything from it on is normalised together. */
function softmaxAxis(node: FlatNode, rank: number, facts: Facts): number {
	const modern = facts.scope.opset >= 13 || node.opType !== 'Softmax';
	const axis = intOf(node, 'axis') ?? (modern ? -1 : 1);
	return axis < 0 ? axis + rank : axis;
}

/** The product that sums over keys; failing that, over queries, as slot attention does. */
function meetValues(
	weights: string,
	path: ScorePath,
	keyLabel: string | null,
	facts: Facts,
): ValuePath | null {
	if (!path.labels || keyLabel === null)
		return findValuePath(weights, path.labels, facts, () => true);
	const keys = basesOf(keyLabel);
	const overKeys = (value: ValuePath) => {
		const summed = summedLabels(value);
		return summed.length === 0 ? value.labels === null : summed.some((l) => keys.includes(l));
	};
	return findValuePath(weights, path.labels, facts, overKeys);
}

function describe(
	node: FlatNode,
	scores: string,
	weights: string,
	path: ScorePath,
	value: ValuePath,
	keyLabel: string | null,
	facts: Facts,
): Finding | null {
	const { product } = path;
	const sides = sidesOf(path, keyLabel);
	if (!sides) return null;
	const notes = [...path.notes, ...value.notes];
	const batch = batchLabels(product.leftLabels, product.rightLabels, product.outputLabels);
	const operands = { ...sides, batch, contracted: contracted(product) };
	const count = countHeads(operands, facts);
	const axes = axesOfRoles(operands, value, keyLabel, count, facts);
	const masks = readMasks([...path.masks, ...biasOf(node)], facts);
	const named = (name: string, letters: string): SiteTensor => {
		const source = floatBehind(name, facts);
		if (source.quantised)
			notes.push(`${name} is quantised: q·k holds only to the step of the quantiser`);
		return { name: source.name, axes: letters };
	};
	if (count.merged) notes.push('batch and heads share one axis');
	if (path.scale === null) notes.push('the scale is no constant of the graph');
	return {
		node,
		site: {
			form: 'softmax',
			kind: 'decomposed',
			operator: null,
			heads: count.heads,
			kvHeads: count.kvHeads,
			headSize: count.headSize,
			scale: path.scale === null || !Number.isFinite(path.scale) ? null : path.scale,
			softCap: path.softCap,
			mask: masks.kind,
			window: masks.window,
			cross: isCross(sides.q, sides.k, facts),
			tensors: {
				q: named(sides.q, axes.q),
				k: named(sides.k, axes.k),
				v: named(value.values, axes.v),
				scores: { name: scores, axes: axes.scores },
				weights: { name: weights, axes: axes.scores },
				output: { name: value.product.output, axes: axes.output },
				...masks.tensors,
			},
			maskMeans: masks.means,
			confidence: confidenceOf(path, value),
			notes: [...new Set([...notes, ...masks.notes])],
		},
	};
}

/** Which operand of q·k is which: the keys' own axis is the one that the softmax runs over. */
function sidesOf(path: ScorePath, keyLabel: string | null) {
	const { left, right, leftLabels, rightLabels } = path.product;
	const asWritten = { q: left, k: right, qLabels: leftLabels, kLabels: rightLabels };
	if (!leftLabels || !rightLabels || keyLabel === null) return asWritten;
	const keys = basesOf(keyLabel).filter((label) => label !== '1');
	const inLeft = keys.some((label) => leftLabels.includes(label));
	const inRight = keys.some((label) => rightLabels.includes(label));
	if (inLeft && inRight) return null;
	if (inLeft) return { q: right, k: left, qLabels: rightLabels, kLabels: leftLabels };
	return inRight ? asWritten : null;
}

function batchLabels(left: Labels, right: Labels, output: Labels): string[] {
	if (!left || !right || !output) return [];
	const both = output.filter((l) => l !== '1' && left.includes(l) && right.includes(l));
	const batchOnly = output.filter((l) => /^b\d/.test(l) && !both.includes(l));
	return batchOnly.length === 0
		? both
		: output.filter((l) => both.includes(l) || batchOnly.includes(l));
}

function biasOf(node: FlatNode): MaskTerm[] {
	const bias = node.opType === 'BiasSoftmax' ? node.inputs[1] : undefined;
	return bias ? [maskTerm('add', bias)] : [];
}

function confidenceOf(path: ScorePath, value: ValuePath): number {
	const lost = path.labels === null || value.labels === null ? 0.2 : 0;
	const roundabout = path.penalty >= 2 ? 0.1 : 0;
	return Math.round((1 - lost - roundabout) * 100) / 100;
}
