import type { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';
import { readProduct } from './product.ts';

const MOST_VISITS = 1500;
const ROUND = 24;

/** Beyond these lies another sequence, or none: recurrences, softmax, and tables of positions. */
const ending = new Set(
	'Softmax LogSoftmax Hardmax Shape Size Sin Cos Range LSTM GRU RNN Loop Scan If Equal Less Greater Not And Or'.split(
		' ',
	),
);

/**
 * Whether keys and queries come from different sequences: going back from either through all that works token by
 * token, no tensor is met that both are made from.
 */
export function isCross(q: string, k: string, facts: Facts): boolean {
	const [asking, kept] = [givenBehind(q, facts), givenBehind(k, facts)];
	if (asking !== null && kept !== null) return !sameTokens(asking, kept, facts);
	// weights among themselves, as the queries of a decoder before its first look at anything
	if (facts.scope.isConstant(q) && facts.scope.isConstant(k)) return false;
	return q !== k && !meets(q, k, facts);
}

const layout = new Set([
	'Transpose',
	'Reshape',
	'Mul',
	'Div',
	'Cast',
	'Identity',
	'Concat',
	'Unsqueeze',
	'Squeeze',
	'Expand',
	'Tile',
]);

/** What is fed into the graph where a tensor is that, at most turned and scaled. */
function givenBehind(name: string, facts: Facts): string | null {
	const { scope } = facts;
	let current = name;
	for (let steps = 0; steps < 12; steps++) {
		if (scope.inputOf(current)) return current;
		const node = scope.producerOf(current);
		if (!node || !layout.has(node.opType)) return null;
		// a scale is made from the size of the keys, which say nothing of where they come from
		current = node.inputs.find((input) => input && !scope.isConstant(input) && !isSingle(input, facts)) ?? ''; // prettier-ignore
	}
	return null;
}

/** Of tensors that come from outside only their sizes can tell. */
function sameTokens(q: string, k: string, facts: Facts): boolean {
	const [left, right] = [facts.shapeOf(q), facts.shapeOf(k)];
	if (!left || !right) return true;
	const sorted = (shape: typeof left) => shape.map(String).sort().join();
	return (
		left.at(-2) === right.at(-2) || left.at(-2) === right.at(-1) || sorted(left) === sorted(right)
	);
}

/** Whether two tensors are made from a common one; both ways back are searched in turn, so that a near one is found soon. */
function meets(q: string, k: string, facts: Facts): boolean {
	const ways = [new WayBack(q, facts), new WayBack(k, facts)] as const;
	for (let round = 0; round < MOST_VISITS / ROUND; round++) {
		const [queries, keys] = ways;
		if (queries.walk(ROUND).some((name) => keys.seen.has(name))) return true;
		if (keys.walk(ROUND).some((name) => queries.seen.has(name))) return true;
		if (queries.isOver && keys.isOver) return false;
	}
	return false;
}

/** Back from a tensor, nearest first, through activations. */
class WayBack {
	readonly seen = new Set<string>();
	private readonly queue: string[];
	private readonly queued: Set<string>;
	private at = 0;

	constructor(
		first: string,
		private readonly facts: Facts,
	) {
		this.queue = [first];
		this.queued = new Set(this.queue);
	}

	get isOver(): boolean {
		return this.at >= this.queue.length;
	}

	/** Up to `count` more tensors. */
	walk(count: number): string[] {
		const found: string[] = [];
		for (; found.length < count && !this.isOver; this.at++) {
			const name = this.queue[this.at]!;
			// a weight, a mask or a position id is no sequence that keys could come from
			if (
				this.facts.scope.isConstant(name) ||
				isWhole(name, this.facts) ||
				isSingle(name, this.facts)
			)
				continue;
			found.push(name);
			this.seen.add(name);
			const node = this.facts.scope.producerOf(name);
			if (!node || ending.has(node.opType)) continue;
			for (const input of sources(node, this.facts)) {
				if (input === '' || this.queued.has(input)) continue;
				this.queued.add(input);
				this.queue.push(input);
			}
		}
		return found;
	}
}

/** One number for all tokens, such as a scale made from a size, is no sequence. */
function isSingle(name: string, facts: Facts): boolean {
	return facts.shapeOf(name)?.every((size) => size === 1) === true;
}

/** Whole numbers, but for what a product of quantised activations sums up to. */
function isWhole(name: string, facts: Facts): boolean {
	if (!/int(32|64)|bool/.test(facts.dtypeOf(name) ?? '')) return false;
	return !/Integer$/.test(facts.scope.producerOf(name)?.opType ?? '');
}

/** What a node makes its activation from; the result of attention belongs to its own place. */
function sources(node: FlatNode, facts: Facts): readonly string[] {
	const product = readProduct(node, facts);
	if (product) {
		const { scope } = facts;
		const two = !scope.isConstant(product.left) && !scope.isConstant(product.right);
		return two ? [] : [product.left, product.right];
	}
	const first = new Set([
		'Gather',
		'Reshape',
		'Expand',
		'Slice',
		'Tile',
		'Unsqueeze',
		'Squeeze',
		'Split',
		'Pad',
		'Cast',
	]);
	return first.has(node.opType) ? node.inputs.slice(0, 1) : node.inputs;
}
