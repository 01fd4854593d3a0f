import type { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';
import { readProduct } from './product.ts';

const MOST_VISITS = 1500;

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
	if (isGiven(q, facts) && isGiven(k, facts)) return !sameTokens(q, k, facts);
	return !meets(q, ancestors(k, facts), facts);
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
]);

/** Whether a tensor is fed into the graph as it is, at most turned and scaled. */
function isGiven(name: string, { scope }: Facts): boolean {
	let current = name;
	for (let steps = 0; steps < 8; steps++) {
		if (scope.inputOf(current)) return true;
		const node = scope.producerOf(current);
		if (!node || !layout.has(node.opType)) return false;
		current = node.inputs.find((input) => input && !scope.isConstant(input)) ?? '';
	}
	return false;
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

function meets(first: string, keys: ReadonlySet<string>, facts: Facts): boolean {
	let met = false;
	visit(first, facts, (name) => {
		met ||= keys.has(name);
		return !met;
	});
	return met;
}

function ancestors(first: string, facts: Facts): Set<string> {
	const all = new Set<string>();
	visit(first, facts, (name) => {
		all.add(name);
		return true;
	});
	return all;
}

/** Breadth first through activations; `see` answers whether to go on. */
function visit(first: string, facts: Facts, see: (name: string) => boolean): void {
	const { scope } = facts;
	const queue = [first];
	const seen = new Set(queue);
	for (let at = 0; at < queue.length && at < MOST_VISITS; at++) {
		const name = queue[at]!;
		const node = scope.producerOf(name);
		// a mask or position id is no sequence that keys could come from
		if (scope.isConstant(name) || isWhole(name, facts)) continue;
		if (!see(name)) return;
		if (!node || ending.has(node.opType)) continue;
		for (const input of sources(node, facts)) {
			if (input === '' || seen.has(input)) continue;
			seen.add(input);
			queue.push(input);
		}
	}
}

function isWhole(name: string, facts: Facts): boolean {
	return /int(32|64)|bool/.test(facts.dtypeOf(name) ?? '');
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
