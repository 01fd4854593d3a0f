import { patternOf } from '../onnx/constant-pattern.ts';
import type { ConstantPattern, ConstantTensor } from '../onnx/model-index.ts';
import type { MaskKind, SiteTensor } from '../protocol/model.ts';
import { basesOf } from './carry.ts';
import type { Facts } from './facts.ts';
import { intOf, type FlatNode } from './flat-node.ts';
import type { Shape } from './inference.ts';
import { originsOf } from './onward.ts';
import { behindCopies } from './scope.ts';
import type { MaskTerm } from './score-path.ts';

/** What is known of a site's masks together. */
export interface MaskReading {
	readonly kind: MaskKind;
	/** Keys a query sees at most, itself included; null for all. */
	readonly window: number | null;
	/** Role `mask`, and `mask2` where there are two. */
	readonly tensors: Readonly<Record<string, SiteTensor | null>>;
	readonly means: 'visible' | 'hidden' | null;
	readonly notes: readonly string[];
}

/**
 * Whether a term changes which keys count: what is added to all keys of a query alike changes nothing.
 *
 * @param keys labels of the axis that the softmax runs over
 */
export function actsOnKeys(term: MaskTerm, keys: readonly string[], facts: Facts): boolean {
	const shape = facts.shapeOf(term.tensor);
	const { labels } = term;
	if (term.kind !== 'add' || !shape || !labels) return true;
	const axes = labels.flatMap((label, axis) =>
		basesOf(label).some((base) => keys.includes(base)) ? [axis] : [],
	);
	const varies = (axis: number) => (shape[shape.length - (labels.length - axis)] ?? 1) !== 1;
	return axes.length === 0 || axes.some(varies);
}

const MOST_VISITS = 300;

/**
 * Reads the masks on the way from product to softmax.
 *
 * @param lettersOf letters of the scores' axes where a term acts, to which it is broadcast from the right
 */
export function readMasks(
	given: readonly MaskTerm[],
	facts: Facts,
	lettersOf: (term: MaskTerm) => string = () => 'BHTS',
): MaskReading {
	const notes: string[] = [];
	// what chooses comes first, since what it means is said of the role `mask`
	const terms = given.toSorted((a, b) => Number(a.kind === 'add') - Number(b.kind === 'add'));
	const origins = terms.map((term) => originOf(term, facts));
	const kind = strongest(origins.map((origin) => origin.kind));
	const window = origins.find((origin) => origin.window !== null)?.window ?? null;
	const tensors: Record<string, SiteTensor | null> = { mask: null };
	terms.forEach((term, at) => {
		tensors[at === 0 ? 'mask' : `mask${at + 1}`] = asTensor(term.tensor, facts, lettersOf(term));
		if (term.kind === 'add' && term.factor !== 1) {
			notes.push(`${term.tensor} is multiplied by ${term.factor} before the softmax`);
		}
		if (term.kind === 'times') notes.push(`the scores are multiplied by the mask ${term.tensor}`);
	});
	const causal = origins.filter((origin) => origin.kind === 'causal');
	if (causal.some(({ padding }) => padding)) notes.push('the causal mask also hides padding');
	if (causal.some(({ numbers }) => numbers)) notes.push('the causal mask also adds other numbers');
	if (causal.some(({ placed }) => placed))
		notes.push('the causal mask also follows positions that are given');
	for (const { unread } of origins) if (unread) notes.push(unread);
	if (terms.length > 1) notes.push(`${terms.length} masks act on the scores one after the other`);
	const first = terms[0];
	const means = first && first.kind !== 'add' ? (first.keeps ? 'visible' : 'hidden') : null;
	return { kind, window: kind === 'causal' ? window : null, tensors, means, notes };
}

/**
 * The masks of scores whose columns are distances, not keys: a triangle there hides what lies beyond the first and the last
 * token, and says nothing of before and after.
 */
export const alongDiagonals = ({ kind, tensors, means, notes }: MaskReading): MaskReading => ({
	kind: kind === 'none' ? 'none' : 'additive',
	window: null,
	tensors: Object.fromEntries(
		Object.entries(tensors).map(([role, tensor]) => [role, tensor && { ...tensor, axes: '' }]),
	),
	means,
	notes: notes.filter((note) => !note.startsWith('the causal mask')),
});

const order: readonly MaskKind[] = ['causal', 'padding', 'additive', 'none'];
const strongest = (kinds: readonly MaskKind[]): MaskKind =>
	order.find((kind) => kinds.includes(kind)) ?? 'none';

/** Letters of a tensor that is broadcast to the scores from the right. */
export function asTensor(name: string, facts: Facts, scores: string): SiteTensor {
	const shape = facts.shapeOf(name);
	if (!shape || shape.length > scores.length) return { name, axes: '' };
	const letters = scores.slice(scores.length - shape.length);
	// of several axes that make one, as windows of a batch or rows of a picture, that of one element counts too
	const isPart = (letter: string) => scores.indexOf(letter) !== scores.lastIndexOf(letter);
	const axes = shape.map((dim, at) => (dim === 1 && !isPart(letters[at]!) ? '1' : letters[at]!));
	return { name, axes: axes.join('') };
}

interface Origin {
	readonly kind: MaskKind;
	readonly window: number | null;
	/** Whether an input that marks tokens is a part of it. */
	readonly padding: boolean;
	readonly unread: string | null;
	/** Whether a table of other numbers, such as learned position biases, is a part of it. */
	readonly numbers: boolean;
	/** Whether it goes by positions that are an input. */
	readonly placed: boolean;
}

const CHOSEN = 'the rows of the mask are those of the queries that the graph chooses';

/** What a mask is made from: a triangle, an input that marks padding, or other numbers. */
function originOf(term: MaskTerm, facts: Facts): Origin {
	const trace = new MaskTrace(facts, facts.shapeOf(term.tensor));
	trace.follow(term.tensor);
	const { padding, numbers, placed, unread } = trace;
	const found = { padding, numbers, placed, unread };
	if (trace.chosen) return { kind: 'additive', window: null, ...found, unread: CHOSEN };
	if (trace.causal) return { kind: 'causal', window: trace.window, ...found };
	const kind = padding || trace.perKey ? 'padding' : 'additive';
	return { kind, window: null, ...found };
}

/** The same said of the operands in the other order. */
const turnedAround: Readonly<Record<string, string>> = {
	Less: 'Greater',
	LessOrEqual: 'GreaterOrEqual',
	Greater: 'Less',
	GreaterOrEqual: 'LessOrEqual',
};

/** The least distance of a key before its query on the far side of `distance comparison limit`. */
const edgeOf = (comparison: string, limit: number) =>
	comparison === 'LessOrEqual' || comparison === 'Greater' ? limit + 1 : limit;

/** Which of two positions is the key's, and by how much it is set off more; null where that does not show. */
function distanceOf(left: Positions, right: Positions) {
	if (left.along === null && right.along === null) return null;
	const keyFirst = left.along === 0 || right.along === 1;
	const [query, key] = keyFirst ? [right, left] : [left, right];
	return { keyFirst, apart: key.offset - query.offset };
}

/** An index that comes out of a ranking of activations. */
const isRanked = (index: string, facts: Facts) =>
	!facts.scope.isConstant(index) &&
	[...originsOf(index, facts, 40)].some((name) => facts.scope.producerOf(name)?.opType === 'TopK');

const compares = new Set(['Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual']);
const comparing = new Set([...compares, 'Sub', 'Equal', 'Xor']);
/** A mask is made by these; beyond any other operator lie the activations. */
const making = new Set(
	(
		'Add And BitwiseAnd BitwiseOr Cast CastLike Clip Concat ConstantOfShape CumSum Div Einsum Equal Expand EyeLike Flatten Gather ' +
		'GatherND Greater GreaterOrEqual Identity IsInf IsNaN Less LessOrEqual Max Min Mod Mul Neg Not Or Pad Range ReduceMax ' +
		'ReduceMin ReduceSum Reshape Resize ScatterND ScatterElements Slice Split Squeeze Sub Sum Tile Transpose Trilu Unsqueeze ' +
		'Where Xor Abs Sign Ceil Floor Log Exp DequantizeLinear QuantizeLinear'
	).split(' '),
);

class MaskTrace {
	causal = false;
	padding = false;
	/** A table of floats that is no triangle. */
	numbers = false;
	/** One number for each key, the same for all queries and heads. */
	perKey = false;
	/** Positions that it compares are an input. */
	placed = false;
	/** Its rows are picked by what the tokens are, so that no triangle is left. */
	chosen = false;
	window: number | null = null;
	/** A note on what was taken for a triangle by its shape alone. */
	unread: string | null = null;
	private readonly seen = new Set<string>();
	/** Rows and columns that are compared with each other: neither is a mask by itself. */
	private readonly pairs = new Set<string>();

	constructor(
		private readonly facts: Facts,
		/** Of the term as it acts on the scores. */
		private readonly shape: Shape | null,
	) {}

	follow(first: string): void {
		const queue = [first];
		for (let at = 0; at < queue.length && at < MOST_VISITS; at++) {
			const name = queue[at]!;
			if (name === '' || this.seen.has(name)) continue;
			this.seen.add(name);
			queue.push(...this.behind(name));
		}
	}

	/** Notes what a tensor says and returns what it is made from. */
	private behind(name: string): readonly string[] {
		const { scope } = this.facts;
		const shape = this.facts.shapeOf(name);
		if (shape && shape.length > 2 && shape.at(-1) !== 1 && !this.pairs.has(name)) {
			// windows or rows of a picture may stand between batch and heads
			const shared = shape.slice(shape.length > 4 ? 2 : 1, -1);
			this.perKey ||= shared.every((dim) => dim === 1);
		}
		const constant = scope.constantOf(name);
		if (constant) {
			const band = bandIn(constant);
			if (band) this.readBand(band, constant);
			else if (isUnreadSquare(constant)) this.takeForCausal(constant);
			else if (
				/float/.test(constant.dtype) &&
				!this.unread?.startsWith(`${constant.name} `) &&
				this.facts.numberOf(name) === null &&
				constant.dims.filter((dim) => dim !== 1).length > 1
			)
				this.numbers = true;
			return [];
		}
		if (scope.inputOf(name)) {
			this.readInput(name);
			return [];
		}
		const node = scope.producerOf(name);
		if (!node || !making.has(node.opType)) return [];
		// of one tensor it is a transpose; of two it may be a product of activations
		if (node.opType === 'Einsum' && node.inputs.length > 1) return [];
		if (comparing.has(node.opType)) this.notePairs(node);
		if (node.opType === 'Trilu') this.readTriangle(node);
		if (node.opType.startsWith('Gather'))
			this.chosen ||= isRanked(node.inputs[1] ?? '', this.facts);
		if (node.opType === 'Slice') this.readCutSquare(node);
		if (compares.has(node.opType) && this.readComparison(node)) return [];
		return dataInputs(node);
	}

	private notePairs({ inputs, outputs }: FlatNode): void {
		const whole = this.facts.shapeOf(outputs[0] ?? '');
		const [a, b] = inputs.map((input) => this.facts.shapeOf(input));
		const isPart = (shape: Shape | null | undefined) =>
			shape?.some((dim) => dim !== 1) === true &&
			whole?.some((dim, axis) => dim !== 1 && (shape[shape.length - whole.length + axis] ?? 1) === 1) === true; // prettier-ignore
		if (isPart(a) && isPart(b)) for (const input of inputs) this.pairs.add(input);
	}

	/** The corner of a large square is cut out for the lengths at hand: only causality is kept so. */
	private readCutSquare(node: FlatNode): void {
		const data = this.facts.scope.constantOf(behindCopies(this.facts.scope, node.inputs[0] ?? ''));
		if (data?.values === null && !data.pattern && isSquare(data.dims)) this.takeForCausal(data);
	}

	private takeForCausal({ name, external, data, looked }: ConstantTensor): void {
		// where the values could be read, they are no triangle
		if (data || looked) return;
		this.causal = true;
		const why = external ? `lie in the file ${external.location}` : 'could not be read';
		this.unread = `${name} is taken for a causal mask by its shape: its values ${why}`;
	}

	/** Keys up to the query are on one side of the diagonal; those far before it may be on the other again. */
	private readBand({ high, low }: Band, { dims }: ConstantTensor): void {
		const shift = dims.at(-1)! - dims.at(-2)!;
		if (high === shift || high === 0 || (low === null && high === -1)) this.causal = true;
		else if (low === null && high < 0) this.window = -high;
		if (low !== null) this.window = high - low + 1;
	}

	private readTriangle(node: FlatNode): void {
		const offset = node.inputs[1] ? this.facts.valueOf(node.inputs[1])?.[0] : 0;
		const upper = intOf(node, 'upper') !== 0;
		if (typeof offset !== 'number') this.causal = true;
		else if (upper && offset < 0) this.window = 1 - offset;
		else if (!upper && offset < -1) this.window = -offset;
		else this.causal = true;
	}

	/** Integers and booleans mark tokens; so does one number for each key. */
	private readInput(name: string): void {
		const dtype = this.facts.dtypeOf(name) ?? '';
		const shape = this.facts.shapeOf(name);
		const perKey = shape !== null && shape.slice(0, -1).filter((dim) => dim !== 1).length <= 1;
		if (/bool|int/.test(dtype) || (perKey && !this.isWhole(shape))) this.padding = true;
	}

	/** A number for each pair of query and key, given as it is. */
	private isWhole(shape: Shape): boolean {
		const last = this.shape?.slice(-2);
		const [queries, keys] = last?.length === 2 ? last : [];
		return shape.length === 2 && queries !== 1 && queries === shape[0] && keys === shape[1];
	}

	/**
	 * Positions of keys against positions of queries make a triangle.
	 *
	 * @returns whether positions are an input, which else would be taken to mark padding
	 */
	private readComparison(node: FlatNode): boolean {
		const [a, b] = [node.inputs[0] ?? '', node.inputs[1] ?? ''];
		const turned = turnedAround[node.opType] ?? '';
		if (this.comparesDistance(a, node.opType, b) || this.comparesDistance(b, turned, a))
			return false;
		const [left, right] = [this.positions(a), this.positions(b)];
		if (!left || !right) return false;
		if (left.along === right.along && left.along !== null) return false;
		const given = left.given || right.given;
		if (given && !this.isOfQueries(node, left, right)) return false;
		this.placed ||= given;
		const distance = distanceOf(left, right);
		if (distance) {
			// queries that count on from a past of a known length are not set off from their keys
			const edge = edgeOf(distance.keyFirst ? turned : node.opType, distance.apart);
			this.readEdge(Math.max(0, edge));
		} else {
			this.causal = true;
			const apart = Math.abs(left.offset - right.offset);
			if (apart > 1) this.window = apart;
		}
		return given;
	}

	/** Keys nearer than an edge are told from those beyond: at the query it makes a triangle, farther back a window. */
	private readEdge(edge: number): void {
		if (edge === 0 || edge === 1) this.causal = true;
		else if (edge > 1) this.window = edge;
	}

	/** How far a key is from a query, against a number: 0 makes a triangle, more a window. */
	private comparesDistance(distance: string, comparison: string, limit: string): boolean {
		const number = this.facts.numberOf(limit);
		const node = this.facts.scope.producerOf(distance);
		if (number === null || node?.opType !== 'Sub') return false;
		const [left, right] = [node.inputs[0] ?? '', node.inputs[1] ?? ''].map((name) =>
			this.positions(name),
		);
		if (!left || !right || left.along === right.along) return false;
		const given = left.given || right.given;
		if (given && !this.isOfQueries(node, left, right)) return false;
		this.placed ||= given;
		const between = distanceOf(left, right);
		if (between?.keyFirst === true) this.readEdge(edgeOf(turnedAround[comparison] ?? '', -number));
		else if (between) this.readEdge(edgeOf(comparison, number));
		else if (Math.abs(number) <= 1) this.causal = true;
		else this.window = Math.abs(number);
		return true;
	}

	/** Positions of queries that are an input count along the axis of queries; lengths of sequences along the batch. */
	private isOfQueries({ outputs }: FlatNode, left: Positions, right: Positions): boolean {
		if (left.given && right.given) return false;
		if ((left.given ? left : right).along !== 1) return false;
		const queries = this.facts.shapeOf(outputs[0] ?? '')?.at(-2);
		return queries !== undefined && queries !== null && queries === this.shape?.at(-2);
	}

	/** Whether a tensor counts 0, 1, 2, ... along one axis, as far as that shows. */
	private positions(name: string): Positions | null {
		const { scope } = this.facts;
		let offset = 0;
		let current = name;
		for (let steps = 0; steps < 24; steps++) {
			const node = scope.producerOf(current);
			if (!node && this.isGivenPositions(current))
				return { along: this.axisOf(name), offset, given: true };
			const constant = scope.constantOf(current);
			if (constant && isCount(constant)) return { along: this.axisOf(name), offset, given: false };
			if (!node) return null;
			if (node.opType === 'Range' || node.opType === 'CumSum')
				return { along: this.axisOf(name), offset, given: false };
			if (node.opType === 'Add' || node.opType === 'Sub') {
				const second = this.facts.numberOf(node.inputs[1] ?? '');
				const first = this.facts.numberOf(node.inputs[0] ?? '');
				if (second !== null) offset += node.opType === 'Add' ? second : -second;
				else if (first !== null && node.opType === 'Add') offset += first;
				current = this.countingInput(node);
			} else if (unaryMaking.has(node.opType)) current = node.inputs[0] ?? '';
			else return null;
		}
		return null;
	}

	private isGivenPositions(name: string): boolean {
		const { scope } = this.facts;
		return scope.inputOf(name) !== undefined && /int/.test(this.facts.dtypeOf(name) ?? '');
	}

	/** Of a sum, the operand that is the positions: the one of more than one element. */
	private countingInput(node: FlatNode): string {
		const [a, b] = [node.inputs[0] ?? '', node.inputs[1] ?? ''];
		const single = (name: string) =>
			this.facts.shapeOf(name)?.every((dim) => dim === 1) === true ||
			this.facts.numberOf(name) !== null;
		return single(a) ? b : a;
	}

	/**
	 * Counted from the right: 0 for a row of key positions, 1 for a column of query positions. Each sequence of the batch may
	 * have its own.
	 */
	private axisOf(name: string): number | null {
		const shape = this.facts.shapeOf(name);
		if (!shape) return null;
		const wide = shape
			.slice(-2)
			.map((dim) => dim !== 1)
			.reverse();
		const among = shape.length > 2 ? wide : shape.map((dim) => dim !== 1).reverse();
		return among.filter(Boolean).length === 1 ? among.indexOf(true) : null;
	}
}

/** 0, 1, 2, ... */
function isCount({ values, pattern }: ConstantTensor): boolean {
	if (pattern) return pattern.kind === 'count';
	return values !== null && values.length > 1 && values.every((x, i) => x === i);
}

interface Positions {
	/** Counted from the right: 0 for a row of key positions, 1 for a column of query positions; null where that does not show. */
	readonly along: number | null;
	readonly offset: number;
	/** An input of whole numbers, taken as it comes. */
	readonly given: boolean;
}

const unaryMaking = new Set([
	'Cast',
	'CastLike',
	'Unsqueeze',
	'Squeeze',
	'Reshape',
	'Expand',
	'Tile',
	'Slice',
	'Identity',
	'Transpose',
	'Gather',
	'Flatten',
]);

/** Indices and shapes are no part of what a mask is made from. */
function dataInputs(node: FlatNode): readonly string[] {
	const single = [
		'Reshape',
		'Expand',
		'Tile',
		'Slice',
		'Unsqueeze',
		'Squeeze',
		'Split',
		'Gather',
		'GatherND',
		'Pad',
		'CumSum',
		'Resize',
	];
	if (single.includes(node.opType)) return node.inputs.slice(0, 1);
	if (/^Scatter/.test(node.opType)) return [node.inputs[0] ?? '', node.inputs[2] ?? ''];
	if (node.opType === 'ConstantOfShape' || node.opType === 'Range') return [];
	return node.inputs;
}

/** A large square of truths, the same for all heads, is kept for causality. */
const isUnreadSquare = ({ dims, dtype, values, pattern }: ConstantTensor) =>
	values === null && !pattern && /bool|int8/.test(dtype) && isSquare(dims);

const isSquare = (dims: readonly number[]) =>
	dims.length >= 2 && dims.at(-1) === dims.at(-2) && dims.slice(0, -2).every((dim) => dim === 1);

type Band = Extract<ConstantPattern, { readonly kind: 'band' }>;

/** One value along the diagonal, another around it. */
export function bandIn({ dims, values, pattern }: ConstantTensor): Band | null {
	if (pattern) return pattern.kind === 'band' ? pattern : null;
	const [rows, columns] = [dims.at(-2), dims.at(-1)];
	if (!values || rows === undefined || columns === undefined || rows < 2 || columns < 2)
		return null;
	const matrix = new Map(
		Array.from({ length: rows }, (_, t) => [t, values.slice(t * columns, (t + 1) * columns)]),
	);
	const found = patternOf(matrix, columns);
	return found?.kind === 'band' ? found : null;
}
