import { basesOf, carryLabels, type Labels } from './carry.ts';
import type { Facts } from './facts.ts';
import { intOf, type FlatNode } from './flat-node.ts';
import { mixedByConvolution, mixedByProduct, type Mixed } from './mixed-heads.ts';
import type { Factor } from './scaled-queries.ts';
import { behindCopies } from './scope.ts';
import { readProduct, type Product } from './product.ts';

/** A tensor that changes which keys are seen, or by how much. */
export interface MaskTerm {
	/** `add`: added to the scores; `where`: chooses between scores and a filling; `times`: multiplies the scores. */
	readonly kind: 'add' | 'where' | 'times';
	readonly tensor: string;
	/** For `where`: whether true keeps the score. */
	readonly keeps: boolean;
	/** What the term is multiplied by on its way to the softmax. */
	readonly factor: number;
	/** The value put where a key is hidden; null where it is not a number of the graph. */
	readonly filling: number | null;
	/** Labels of the scores' axes where the term acts. */
	readonly labels: Labels;
}

/** How the softmax's input comes from a product of two tensors. */
export interface ScorePath {
	readonly product: Product;
	/** Labels of the softmax input's axes. */
	readonly labels: Labels;
	/** Multiplies the product; null where a factor is no constant and cannot be told apart from it. */
	readonly scale: number | null;
	/** Multiplies the product besides. */
	readonly factor: Factor | null;
	readonly softCap: number | null;
	readonly masks: readonly MaskTerm[];
	/** One more score a query that is joined to those of the keys, and the labels of the axes there. */
	readonly sink: { readonly tensor: string; readonly labels: Labels } | null;
	readonly notes: readonly string[];
	/** How roundabout the way is: the plainest of several wins. */
	readonly penalty: number;
}

/** Pass their first input on, element by element or re-arranged; the number is the penalty. */
const passing: ReadonlyMap<string, number> = new Map([
	...'Identity Cast CastLike Reshape Transpose Squeeze Flatten Dropout DequantizeLinear QuantizeLinear DynamicQuantizeLinear Clip Trilu'
		.split(' ')
		.map((op) => [op, 0.01] as const),
	...'Unsqueeze Expand Tile'.split(' ').map((op) => [op, 1] as const),
	...'Slice Split Pad BatchNormalization'.split(' ').map((op) => [op, 2] as const),
	...'Gather GatherElements GatherND'.split(' ').map((op) => [op, 4] as const),
]);

/** Functions of one score. */
const kernels = new Set([
	'Relu',
	'Sigmoid',
	'Exp',
	'Pow',
	'Elu',
	'Gelu',
	'Softplus',
	'HardSigmoid',
	'Abs',
]);

const DEEPEST = 60;
const MOST_VISITS = 600;
/** Without a softmax to start from every product is tried: the way between two of them is short. */
const KERNEL_DEEPEST = 24;
const MOST_KERNEL_VISITS = 120;

/**
 * Finds the product behind a softmax's input, or null where there is none of two tensors.
 *
 * @param along `kernel` to pass through functions of single scores too, as attention without softmax has them
 */
export function findScorePath(
	scoresName: string,
	facts: Facts,
	along: 'scores' | 'kernel' = 'scores',
): ScorePath | null {
	const learned = along === 'scores' && facts.scope.isConstant(scoresName);
	return new ScoreWalk(facts, along === 'kernel', learned).from(scoresName, 0);
}

class ScoreWalk {
	private readonly seen = new Map<string, ScorePath | null>();
	private readonly deepest: number;
	private readonly most: number;

	constructor(
		private readonly facts: Facts,
		private readonly kernel: boolean,
		/** The scores are those of weights among themselves. */
		private readonly learned: boolean,
	) {
		this.deepest = kernel ? KERNEL_DEEPEST : DEEPEST;
		this.most = kernel ? MOST_KERNEL_VISITS : MOST_VISITS;
	}

	from(name: string, depth: number): ScorePath | null {
		const known = this.seen.get(name);
		if (known !== undefined) return known;
		if (depth > this.deepest || this.seen.size > this.most) return null;
		this.seen.set(name, null);
		const passed = this.learned || !this.facts.scope.isConstant(name);
		const path = passed ? this.through(name, depth + 1) : null;
		this.seen.set(name, path);
		return path;
	}

	private through(name: string, depth: number): ScorePath | null {
		const node = this.facts.scope.producerOf(name);
		if (!node) return null;
		const product = readProduct(node, this.facts);
		if (product) return this.start(product, depth);
		const penalty = passing.get(node.opType);
		if (penalty !== undefined) return this.pass(node, depth, penalty);
		switch (node.opType) {
			case 'Add':
			case 'Sum':
			case 'Sub':
				return this.sum(node, depth);
			case 'Mul':
			case 'Div':
				return this.scaled(node, depth);
			case 'Where':
				return this.chosen(node, depth);
			case 'Max':
			case 'Min':
				return this.limited(node, depth);
			case 'Neg':
				return this.alter(node, depth, (path) => times(path, -1));
			case 'Tanh':
				return this.alter(node, depth, (path) => ({
					...path,
					softCap: 1,
					notes: path.masks.length > 0 ? withNote(path, CAPS_MASKS) : path.notes,
				}));
			case 'Concat':
				return this.joined(node, depth);
			case 'ReduceSum':
			case 'ReduceMean':
				return this.summed(node, depth);
			case 'ScatterND':
			case 'ScatterElements':
				return this.placed(node, depth);
			case 'Conv':
				return this.convolved(node, depth);
			default:
				return this.kernel && kernels.has(node.opType) ? this.kernelled(node, depth) : null;
		}
	}

	private kernelled(node: FlatNode, depth: number): ScorePath | null {
		return this.alter(node, depth, (path) => ({
			...path,
			notes: withNote(path, `each score passes through ${node.opType}`),
		}));
	}

	private start(product: Product, depth: number): ScorePath | null {
		const { scope } = this.facts;
		if (!mayBeScores(product, this.facts)) return this.mixed(product, depth);
		const fixed = scope.isSized(product.left) || scope.isSized(product.right);
		const added: MaskTerm[] = product.added
			? [maskTerm('add', product.added, product.outputLabels)]
			: [];
		return {
			product,
			labels: product.outputLabels,
			scale: product.factor,
			factor: null,
			softCap: null,
			masks: added,
			sink: null,
			notes: [],
			penalty: fixed ? 2 : 0,
		};
	}

	/** A product with a weight that leaves queries and keys alone mixes the scores of different heads. */
	private mixed(product: Product, depth: number): ScorePath | null {
		const { scope } = this.facts;
		const carrier = scope.isConstant(product.left) ? product.right : product.left;
		if (
			scope.isConstant(carrier) ||
			scope.isConstant(product.left) === scope.isConstant(product.right)
		)
			return null;
		const path = this.from(carrier, depth);
		return path && withMixed(path, mixedByProduct(product, carrier, path.labels, isTokenOf(path)));
	}

	/** Heads are the channels of a convolution over scores. */
	private convolved(node: FlatNode, depth: number): ScorePath | null {
		const path = this.from(node.inputs[0] ?? '', depth);
		return (
			path && withMixed(path, mixedByConvolution(node, path.labels, isTokenOf(path), this.facts))
		);
	}

	private pass(node: FlatNode, depth: number, penalty: number): ScorePath | null {
		return this.alter(node, depth, (path) => ({
			...path,
			penalty: path.penalty + penalty,
			notes: reshaping.has(node.opType) ? withNote(path, selecting(node)) : path.notes,
		}));
	}

	private alter(
		node: FlatNode,
		depth: number,
		change: (path: ScorePath) => ScorePath,
	): ScorePath | null {
		const path = this.from(node.inputs[0] ?? '', depth);
		return path && this.carried(node, node.inputs[0] ?? '', change(path));
	}

	private carried(node: FlatNode, from: string, path: ScorePath): ScorePath {
		return {
			...path,
			labels: carryLabels(node, from, path.labels, this.facts),
			penalty: path.penalty + 0.01,
		};
	}

	/** The operand with the plainest way to a product. */
	private best(node: FlatNode, operands: readonly number[], depth: number) {
		let found: { path: ScorePath; at: number } | null = null;
		for (const at of operands) {
			const path = this.from(node.inputs[at] ?? '', depth);
			if (path && (!found || path.penalty < found.path.penalty)) found = { path, at };
		}
		return found;
	}

	private sum(node: FlatNode, depth: number): ScorePath | null {
		const found = this.best(
			node,
			node.inputs.map((_, at) => at),
			depth,
		);
		if (!found) return null;
		const subtracted = node.opType === 'Sub';
		const path = subtracted && found.at === 1 ? times(found.path, -1) : found.path;
		const factor = subtracted && found.at === 0 ? -1 : 1;
		const terms = node.inputs
			.filter((name, at) => at !== found.at && !this.isShift(name))
			.filter((name) => this.facts.numberOf(name) === null)
			.map((name) => ({ ...maskTerm('add', name, path.labels), factor }));
		return this.carried(node, node.inputs[found.at]!, {
			...path,
			masks: [...path.masks, ...terms],
		});
	}

	/** The row maximum taken off for stability changes nothing. */
	private isShift(name: string): boolean {
		let producer = this.facts.scope.producerOf(name);
		while (producer && shiftCopies.has(producer.opType)) {
			producer = this.facts.scope.producerOf(producer.inputs[0] ?? '');
		}
		return producer?.opType === 'ReduceMax' && this.from(producer.inputs[0] ?? '', 0) !== null;
	}

	private scaled(node: FlatNode, depth: number): ScorePath | null {
		const divides = node.opType === 'Div';
		const found = this.best(node, divides ? [0] : [0, 1], depth);
		if (!found) return null;
		const other = node.inputs[1 - found.at] ?? '';
		const number = this.facts.numberOf(other);
		const from = node.inputs[found.at]!;
		if (number !== null)
			return this.carried(node, from, this.timesNumber(found.path, divides ? 1 / number : number));
		if (this.isQuantiserScale(other)) return this.carried(node, from, found.path);
		if (!divides && (this.isMaskLike(other) || this.variesByTokens(other, found.path))) {
			const masks = [...found.path.masks, maskTerm('times', other, found.path.labels)];
			return this.carried(node, from, { ...found.path, masks });
		}
		const { path } = found;
		const note = `the scores are ${divides ? 'divided' : 'multiplied'} by the tensor ${other}`;
		const notes = [...path.notes, note];
		const first = path.masks.length === 0 && path.softCap === null && path.factor === null;
		if (this.kernel || !first) return this.carried(node, from, { ...path, scale: null, notes });
		const factor = { op: divides ? 'Div' : 'Mul', tensor: other, labels: path.labels } as const;
		return this.carried(node, from, { ...path, factor, notes });
	}

	private timesNumber(path: ScorePath, number: number): ScorePath {
		if (path.softCap !== 1) return times(path, number);
		// scores = c tanh(s q·k): written as softCap tanh(scale q·k / softCap)
		return { ...times(path, number), softCap: number };
	}

	/** 0 and 1 for hidden and seen: booleans, or a tensor as wide as the scores that only masks could be. */
	private isMaskLike(name: string): boolean {
		const { scope } = this.facts;
		let current = name;
		for (let steps = 0; steps < 8; steps++) {
			const dtype = this.facts.dtypeOf(current);
			if (dtype && /bool|int/.test(dtype)) return true;
			const producer = scope.producerOf(current);
			if (
				!producer ||
				!['Cast', 'Slice', 'Unsqueeze', 'Expand', 'Reshape'].includes(producer.opType)
			)
				break;
			current = producer.inputs[0] ?? '';
		}
		const shape = this.facts.shapeOf(name);
		return shape !== null && shape.length >= 2 && shape.at(-1) !== 1 && shape.at(-2) !== 1;
	}

	/** Whether a tensor has a number for each query and key, wherever their axes stand. */
	private variesByTokens(name: string, path: ScorePath): boolean {
		const { labels } = path;
		const shape = this.facts.shapeOf(name);
		if (!labels || !shape) return false;
		const tokens = tokenLabels(path);
		const varying = labels.filter((label, axis) => {
			const dim = shape[shape.length - labels.length + axis];
			return dim !== undefined && dim !== 1 && tokens.includes(label);
		});
		return tokens.length > 1 && new Set(varying).size === tokens.length;
	}

	/** Factor that turns the integers of a quantised product back into numbers. */
	private isQuantiserScale(name: string): boolean {
		const { scope } = this.facts;
		const origin = behindCopies(scope, name);
		const producer = scope.producerOf(origin);
		if (producer?.opType === 'DynamicQuantizeLinear') return producer.outputs[1] === origin;
		return (
			producer?.opType === 'Mul' && producer.inputs.some((input) => this.isQuantiserScale(input))
		);
	}

	private chosen(node: FlatNode, depth: number): ScorePath | null {
		const found = this.best(node, [1, 2], depth);
		if (!found) return null;
		const filling = this.facts.numberOf(node.inputs[3 - found.at] ?? '');
		const mask = {
			...maskTerm('where', node.inputs[0] ?? '', found.path.labels),
			keeps: found.at === 1,
			filling,
		};
		return this.carried(node, node.inputs[found.at]!, {
			...found.path,
			masks: [...found.path.masks, mask],
		});
	}

	private limited(node: FlatNode, depth: number): ScorePath | null {
		const found = this.best(
			node,
			node.inputs.map((_, at) => at),
			depth,
		);
		return found && this.carried(node, node.inputs[found.at]!, found.path);
	}

	/** Scores of several products that stand side by side make one; a sum over queries or keys does not. */
	private summed(node: FlatNode, depth: number): ScorePath | null {
		const [from = ''] = node.inputs;
		const path = this.from(from, depth);
		const labels = path && carryLabels(node, from, path.labels, this.facts);
		if (!path || !labels) return null;
		const kept = new Set(labels.flatMap(basesOf));
		if (path.labels!.every((label) => label === '1' || kept.has(label)))
			return { ...path, labels, penalty: path.penalty + 0.01 };
		if (this.kernel || !tokenLabels(path).every((label) => kept.has(label))) return null;
		const note = 'scores of several kinds are summed before the softmax';
		return { ...path, labels, penalty: path.penalty + 1, notes: withNote(path, note) };
	}

	/** Scores that others are written into, or that are written into a table themselves. */
	private placed(node: FlatNode, depth: number): ScorePath | null {
		const found = this.best(node, [0, 2], depth);
		if (!found) return null;
		const from = node.inputs[found.at]!;
		const carried = this.carried(node, from, {
			...found.path,
			penalty: found.path.penalty + 2,
			notes: withNote(found.path, selecting(node)),
		});
		const whole = found.at === 0 || node.opType === 'ScatterElements';
		const alike = this.facts.rankOf(from) === this.facts.rankOf(node.outputs[0] ?? '');
		return whole || alike ? carried : { ...carried, labels: null };
	}

	private joined(node: FlatNode, depth: number): ScorePath | null {
		const found = this.best(
			node,
			node.inputs.map((_, at) => at),
			depth,
		);
		if (!found) return null;
		const path = { ...found.path, penalty: found.path.penalty + 1 };
		const others = node.inputs.filter((_, at) => at !== found.at);
		const [sink = ''] = others;
		const last = [-1, (this.facts.rankOf(sink) ?? 0) - 1].includes(intOf(node, 'axis') ?? 0);
		if (others.length === 1 && last && this.facts.shapeOf(sink)?.at(-1) === 1 && !path.sink) {
			const from = node.inputs[found.at]!;
			return this.carried(node, from, { ...path, sink: { tensor: sink, labels: path.labels } });
		}
		return this.carried(node, node.inputs[found.at]!, {
			...path,
			notes: [...found.path.notes, JOINED],
		});
	}
}

/** A score beside those of the keys, which has no value. */
export const SINKS = 'a sink takes a part of every row of weights';

const CAPS_MASKS = 'the soft cap acts on the sum of score and mask';

const JOINED = 'further scores are joined to those of the product before the softmax';

const reshaping = new Set(['Slice', 'Pad', 'Gather', 'GatherElements', 'GatherND', 'Split']);

const selecting = (node: FlatNode) => `the scores pass through ${node.opType} before the softmax`;

const withNote = (path: ScorePath, note: string) =>
	path.notes.includes(note) ? path.notes : [...path.notes, note];

/** A tensor that acts on the scores; `labels` are those of the scores' axes there. */
export const maskTerm = (kind: MaskTerm['kind'], tensor: string, labels: Labels): MaskTerm => ({
	kind,
	tensor,
	keeps: true,
	factor: 1,
	filling: null,
	labels,
});

const shiftCopies = new Set(['Expand', 'Unsqueeze', 'Reshape', 'Cast', 'Identity', 'Squeeze']);

function times(path: ScorePath, factor: number): ScorePath {
	return {
		...path,
		scale: path.scale === null ? null : path.scale * factor,
		masks: path.masks.map((mask) =>
			mask.kind === 'add' ? { ...mask, factor: mask.factor * factor } : mask,
		),
	};
}

/** Labels of the product's own tokens, those of queries and those of keys. */
/** Scores of which some were mixed with others; null where they were not. */
function withMixed(path: ScorePath, mixed: Mixed | null): ScorePath | null {
	if (!mixed || tokenLabels(path).length === 0) return null;
	const note = `the scores of ${mixed.parts} are mixed before the softmax`;
	return { ...path, labels: mixed.labels, penalty: path.penalty + 1, notes: withNote(path, note) };
}

function isTokenOf(path: ScorePath): (label: string) => boolean {
	const tokens = tokenLabels(path);
	return (label) => tokens.includes(label);
}

function tokenLabels({ product }: ScorePath): string[] {
	const { outputLabels, leftLabels, rightLabels } = product;
	return (outputLabels ?? []).filter((l) => leftLabels?.includes(l) !== rightLabels?.includes(l));
}

/** Made by the graph from weights, with an axis for heads or batch. */
const isProjected = (name: string, facts: Facts) =>
	(facts.scope.producerOf(name)?.inputs.length ?? 0) > 0 && (facts.rankOf(name) ?? 0) >= 3;

/** Both operands are tensors of the run; only a learned query may be a weight, in a stack of heads. */
function mayBeScores(product: Product, facts: Facts): boolean {
	const { scope } = facts;
	if (
		product.node.opType === 'Gemm' &&
		intOf(product.node, 'transB') !== 1 &&
		scope.isConstant(product.right)
	)
		return false;
	const fixed = [product.left, product.right].filter((name) => scope.isConstant(name));
	if (fixed.length === 0) return true;
	if (fixed.length === 2) return fixed.every((name) => isProjected(name, facts));
	return fixed.length === 1 && (facts.rankOf(fixed[0]!) ?? 0) >= 3;
}
