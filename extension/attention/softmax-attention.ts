import type { SiteTensor } from '../protocol/model.ts';
import { axesOfRoles } from './axes.ts';
import { basesOf, type Labels } from './carry.ts';
import type { Dim } from './dims.ts';
import type { Facts } from './facts.ts';
import { featureAxes } from './feature-axes.ts';
import { intOf, type FlatNode } from './flat-node.ts';
import type { Finding, FormFinder } from './form.ts';
import { countHeads, type HeadCount, type ScoreOperands } from './heads.ts';
import { isCross } from './lineage.ts';
import { alongDiagonals, actsOnKeys, asTensor, readMasks } from './masks.ts';
import { mixingOf } from './mixing-weights.ts';
import { batchLabels, contracted, type Product } from './product.ts';
import { floatAfter, floatBehind } from './quantised.ts';
import { scaledQueries } from './scaled-queries.ts';
import { findScorePath, maskTerm, SINKS, type MaskTerm, type ScorePath } from './score-path.ts';
import {
	findValuePath,
	passesThrough,
	WEIGHTS_QUANTISED,
	summedLabels,
	type ValuePath,
} from './value-path.ts';

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
			const [scores = '', weights = ''] = [node.inputs[0], node.outputs[0]];
			const axis = (rank: number) => softmaxAxis(node, rank, facts);
			const rows = asRows(node, axis(2), facts);
			const whole = rows && readSoftmax({ ...rows, axis: (rank) => rank - 1 }, facts);
			const finding = whole ?? readSoftmax({ node, scores, weights, axis }, facts);
			return finding ? [finding] : [];
		});
	},
};

/** Scores made rows of one matrix for the softmax, and weights of the scores' shape after it. */
function asRows(node: FlatNode, axis: number, facts: Facts) {
	const rows = facts.scope.producerOf(node.inputs[0] ?? '');
	const [back, ...others] = facts.scope.consumersOf(node.outputs[0] ?? '');
	const [scores = '', weights = ''] = [rows?.inputs[0], back?.outputs[0]];
	if (axis !== 1 || back?.opType !== 'Reshape' || others.length > 0) return null;
	if (rows?.opType !== 'Reshape' && rows?.opType !== 'Flatten') return null;
	const [before, between, after] = [scores, node.inputs[0]!, weights].map((name) => facts.shapeOf(name)); // prettier-ignore
	const same = before?.length === after?.length && before?.every((dim, at) => dim === after?.[at]);
	if (!same || between?.length !== 2 || before?.at(-1) !== between[1]) return null;
	return { node, scores, weights };
}

/** A normalisation of scores to weights, however it is written. */
export interface Normaliser {
	readonly node: FlatNode;
	readonly scores: string;
	readonly weights: string;
	/** The normalised axis for scores of a rank. */
	readonly axis: (rank: number) => number;
	/** The mixed values where they are not the product's own result, as when the sum divides them last. */
	readonly output?: (product: string) => string | null;
	readonly notes?: readonly string[];
	/** Masks that act after the exponential. */
	readonly masks?: readonly MaskTerm[];
}

/** Reads the attention around a normaliser, or null where there is none. */
export function readSoftmax(normaliser: Normaliser, facts: Facts): Finding | null {
	const found = findScorePath(normaliser.scores, facts);
	if (!found) return null;
	const path = isSkewed(found, normaliser) ? withoutLabels(found) : found;
	const keyAxis = path.labels && normaliser.axis(path.labels.length);
	const keyLabel = keyAxis === null ? null : (path.labels?.at(keyAxis) ?? null);
	const overKeys = meetValues(normaliser.weights, path, keyLabel, facts);
	if (overKeys) return describe(normaliser, path, overKeys, keyLabel, facts);
	return acrossQueries(normaliser, path, keyLabel, facts);
}

/** Whether the normalised axis is cut from queries and keys in one, as diagonals are that become rows. */
function isSkewed({ labels, product }: ScorePath, { axis }: Normaliser): boolean {
	const label = labels?.at(axis(labels.length)) ?? '';
	const bases = basesOf(label);
	const [left, right] = [product.leftLabels, product.rightLabels].map((own) =>
		bases.some((base) => base !== '1' && own?.includes(base)),
	);
	return label.includes('/') && left === true && right === true;
}

const withoutLabels = (path: ScorePath): ScorePath => ({
	...path,
	labels: null,
	notes: [...path.notes, SKEWED],
});

const SKEWED = 'diagonals of the product are made rows: axes of the scores are not told';

/** Slots compete: the softmax runs over those that ask, and what is summed over is still what is asked. */
function acrossQueries(
	normaliser: Normaliser,
	path: ScorePath,
	queryLabel: string | null,
	facts: Facts,
): Finding | null {
	const [a, b] = freeLabels(path);
	const others = [a, b].filter(
		(label) => label !== undefined && !basesOf(queryLabel ?? '').includes(label),
	);
	const [keyLabel] = others;
	// the backward pass sums the same weights over queries
	if (others.length !== 1 || keyLabel === undefined || isTrained(facts)) return null;
	const value = meetValues(normaliser.weights, path, keyLabel, facts);
	if (!value) return null;
	const notes = ['the softmax runs over queries, not over keys'];
	return describe({ ...normaliser, notes }, path, value, keyLabel, facts);
}

/** Labels that only one operand of q·k has. */
function freeLabels({ product }: ScorePath): string[] {
	const { leftLabels, rightLabels, outputLabels } = product;
	return (outputLabels ?? []).filter((l) => leftLabels?.includes(l) !== rightLabels?.includes(l));
}

const isTrained = (facts: Facts) =>
	facts.scope.nodes.some(({ opType, name }) => /Grad/.test(opType) || /(^|[/_])grad/i.test(name));

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
		return findValuePath(weights, path.labels, facts, (value) => !isTable(value, path, facts));
	const keys = basesOf(keyLabel);
	const overKeys = (value: ValuePath) => {
		if (isTable(value, path, facts)) return false;
		const summed = summedLabels(value);
		return summed.length === 0 ? value.labels === null : summed.some((l) => keys.includes(l));
	};
	return findValuePath(weights, path.labels, facts, overKeys);
}

/**
 * Values that no input reaches are coordinates or a table, and their mean a read-out, unless queries and keys are learned
 * as well: the first layer of a decoder whose queries are weights.
 */
function isTable({ values }: ValuePath, { product }: ScorePath, { scope }: Facts): boolean {
	return scope.isSized(values) && !(scope.isSized(product.left) && scope.isSized(product.right));
}

function describe(
	{ node, scores, weights, output, notes: said = [], masks: later = [] }: Normaliser,
	path: ScorePath,
	value: ValuePath,
	keyLabel: string | null,
	facts: Facts,
): Finding | null {
	const { product } = path;
	const sides = sidesOf(path, keyLabel);
	if (!sides) return null;
	const { sink } = path;
	// what cuts the sink's column off changes no weight
	const passed = sink ? value.notes.filter((note) => note !== passesThrough('Slice')) : value.notes;
	const notes = [...path.notes, ...passed, ...said, ...(sink ? [SINKS] : [])];
	const result = outputOf(value, facts);
	const mixed = output ? output(result) : result;
	if (mixed === null) return null;
	const shared = batchLabels(product);
	const batch = withGroups(withoutOnes(shared, sides, facts), sides, product, facts);
	const operands = { ...sides, batch, contracted: contracted(product), v: value.values };
	const beside = besideTokens(path, operands, scores, facts);
	const count = beside ?? countHeads(operands, facts);
	const axes = axesOfRoles(operands, value, path.labels, keyLabel, count, facts);
	const keys = keyLabel === null ? [] : basesOf(keyLabel);
	const terms = [...path.masks, ...later, ...biasOf(node, path.labels)].filter((term) =>
		actsOnKeys(term, keys, facts),
	);
	const usual = axes.scores || 'BHTS';
	const uneven = areUneven(
		tokensAt(sides.q, axes.q, 'T', facts),
		tokensAt(sides.k, axes.k, 'S', facts),
	);
	const read = readMasks(terms, facts, (term) => axes.spelled(term.labels) || usual);
	const masks = path.notes.includes(SKEWED) ? alongDiagonals(read) : read;
	const { quantised: rounded = [] } = product.node;
	const named = (name: string, letters: string): SiteTensor => {
		const source = floatBehind(name, facts);
		if (source.quantised || rounded.includes(name))
			notes.push(`${name} is quantised: q·k holds only to the step of the quantiser`);
		return { name: source.name, axes: letters };
	};
	if (node.quantised?.includes(scores)) notes.push('the scores are quantised before the softmax');
	const whole = /int8/.test(facts.dtypeOf(value.weights) ?? '');
	if (whole || value.product.node.quantised?.includes(value.weights)) notes.push(WEIGHTS_QUANTISED);
	if (beside) notes.push('heads and query tokens share one axis of q and of the output');
	if (count.ofWindows === 'between')
		notes.push('windows have an axis of their own between batch and heads');
	if (count.ofWindows === 'behind')
		notes.push('chunks of tokens have an axis of their own behind the heads');
	if (count.ofChannels) notes.push('queries and keys are channels: q·k sums over tokens');
	if (count.merged) notes.push('batch and heads share one axis');
	if (uneven && masks.kind === 'causal')
		notes.push('the causal mask also stands between more keys than queries');
	const scaled =
		path.factor && scaledQueries(path.factor, sides.q, sides.qLabels, product.output, facts);
	const scale = path.factor && !scaled ? null : path.scale;
	if (scaled) notes.push('the queries of the picture carry that factor');
	if (scale === null) notes.push('the scale is no constant of the graph');
	const tensors = {
		q: named(scaled?.name ?? sides.q, beside ? '' : axes.q),
		k: named(sides.k, axes.k),
		v: named(value.values, axes.v),
	};
	const mixing = mixingOf(value, axes.spelled(value.labels), notes, facts);
	if (mixing) notes.push(mixing.note);
	const derived = [...(scaled?.derived ?? []), ...(mixing?.derived ?? [])];
	return {
		node,
		parts: [product.node, value.product.node],
		site: {
			form: 'softmax',
			kind: 'decomposed',
			operator: null,
			heads: count.heads,
			kvHeads: count.kvHeads,
			headSize: count.headSize,
			scale: scale === null || !Number.isFinite(scale) ? null : scale,
			softCap: path.softCap,
			mask: masks.kind,
			window: masks.window,
			cross: masks.kind !== 'causal' && isCross(sides.q, sides.k, facts),
			tensors: {
				...tensors,
				...(mixing && { v: { name: mixing.values, axes: axes.v } }),
				...(mixing && { mixing: mixing.weights }),
				scores: { name: scores, axes: axes.scores },
				weights: { name: sink ? value.weights : weights, axes: axes.scores },
				output: { name: mixing?.output ?? mixed, axes: beside ? '' : axes.output },
				...masks.tensors,
				...(sink && { sink: asTensor(sink.tensor, facts, axes.spelled(sink.labels) || usual) }),
			},
			derived: derived.length > 0 ? derived : null,
			maskMeans: masks.means,
			confidence: confidenceOf(path, value),
			notes: [...new Set([...notes, ...masks.notes])],
		},
	};
}

/** Of the one axis that has the letter. */
function tokensAt(name: string, axes: string, letter: string, facts: Facts): Dim {
	const at = axes.indexOf(letter);
	return at < 0 || at !== axes.lastIndexOf(letter) ? null : (facts.shapeOf(name)?.[at] ?? null);
}

const areUneven = (queries: Dim, keys: Dim) =>
	queries !== null && keys !== null && queries !== keys;

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

/** `[B, T·H, d]`: heads that share one key head stand beside the tokens, and are split off the scores. */
function besideTokens(
	path: ScorePath,
	{ k, qLabels, kLabels, batch, contracted: summed }: ScoreOperands,
	scores: string,
	facts: Facts,
): HeadCount | null {
	const tokens = qLabels?.find((label) => !kLabels?.includes(label));
	const at = path.labels?.indexOf(`${tokens ?? ''}/1`) ?? -1;
	if (batch.length !== 1 || at < 0 || path.labels?.includes(`${batch[0]!}/1`)) return null;
	const [heads, key] = [facts.shapeOf(scores)?.[at], kLabels?.indexOf(summed[0] ?? '') ?? -1];
	const size = facts.shapeOf(k)?.[key];
	return {
		heads: typeof heads === 'number' ? heads : null,
		kvHeads: 1,
		headSize: typeof size === 'number' ? size : null,
		merged: false,
		headsFirst: false,
		ofWindows: null,
		ofChannels: false,
	};
}

/** Heads that share a key head may have an axis which keys have not: of two such axes of q, the one that holds features. */
function withGroups(
	batch: readonly string[],
	{ q, qLabels, kLabels }: NonNullable<ReturnType<typeof sidesOf>>,
	{ outputLabels }: Product,
	facts: Facts,
): readonly string[] {
	const own = qLabels?.filter((label) => !kLabels?.includes(label)) ?? [];
	if (batch.length < 1 || batch.length > 2 || own.length !== 2 || !outputLabels) return batch;
	const features = featureAxes(q, facts);
	const groups = own.filter((label) => features?.has(qLabels!.indexOf(label)));
	const [group] = groups;
	if (groups.length !== 1 || group === undefined) return batch;
	return outputLabels.filter((label) => batch.includes(label) || label === group);
}

/** Of three axes in front one that is always 1 holds no heads, only room for some of another graph. */
function withoutOnes(
	batch: readonly string[],
	{ q, k, qLabels, kLabels }: NonNullable<ReturnType<typeof sidesOf>>,
	facts: Facts,
): readonly string[] {
	if (batch.length !== 3) return batch;
	const isOne = (label: string) =>
		facts.shapeOf(q)?.[qLabels!.indexOf(label)] === 1 &&
		facts.shapeOf(k)?.[kLabels!.indexOf(label)] === 1;
	const features = featureAxes(q, facts);
	const holdsHeads = (label: string) => features?.has(qLabels!.indexOf(label)) === true;
	const others = batch.filter((label) => !isOne(label));
	// one head before windows of tokens
	const isHead = batch.some((label) => isOne(label) && holdsHeads(label)) && !others.some(holdsHeads); // prettier-ignore
	return isHead ? batch : others;
}

function outputOf({ product }: ValuePath, facts: Facts): string {
	return product.quantised ? floatAfter(product.output, facts) : product.output;
}

function biasOf(node: FlatNode, labels: Labels): MaskTerm[] {
	const bias = node.opType === 'BiasSoftmax' ? node.inputs[1] : undefined;
	return bias ? [maskTerm('add', bias, labels)] : [];
}

function confidenceOf(path: ScorePath, value: ValuePath): number {
	const lost = path.labels === null || value.labels === null ? 0.2 : 0;
	const roundabout = path.penalty >= 2 ? 0.1 : 0;
	return Math.round((1 - lost - roundabout) * 100) / 100;
}
