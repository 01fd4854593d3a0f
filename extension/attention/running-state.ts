import type { Facts } from './facts.ts';
import { stringOf } from './flat-node.ts';
import type { Finding, FormFinder } from './form.ts';
import { contracted, readProduct, type Product } from './product.ts';

const tidying = new Set([
	'Identity',
	'Cast',
	'Transpose',
	'Reshape',
	'Unsqueeze',
	'Squeeze',
	'Add',
	'Mul',
	'Slice',
]);

/** Causal linear attention by a running sum: the outer products of keys and values, summed over tokens, read by q. */
export const runningState: FormFinder = {
	id: 'running-state',
	find: (facts) =>
		facts.scope.nodes.flatMap((node) => {
			const [input = ''] = node.inputs;
			const vectors = node.opType === 'CumSum' ? outerProduct(input, facts) : null;
			const reading = vectors && readBy(node.outputs[0] ?? '', facts);
			if (!vectors || !reading) return [];
			return [describe(node.outputs[0] ?? '', vectors, reading, facts)];
		}),
};

/** `k[..., None] * v[..., None, :]`, or an Einsum that sums over nothing. */
function outerProduct(name: string, facts: Facts): readonly [string, string] | null {
	const node = facts.scope.producerOf(name);
	const [a = '', b = ''] = node?.inputs ?? [];
	if (!node || facts.scope.isConstant(a) || facts.scope.isConstant(b)) return null;
	if (node.opType === 'Einsum') {
		const [left = '', right = ''] = (stringOf(node, 'equation') ?? '')
			.replace(/\s/g, '')
			.split('->');
		const [first = '', second = ''] = left.split(',');
		const kept = [...new Set(`${first}${second}`)].every((label) => right.includes(label));
		return kept && first !== second ? [a, b] : null;
	}
	const [left, right] = [facts.shapeOf(a), facts.shapeOf(b)];
	if (!left || !right) return null;
	if (node.opType === 'MatMul') return left.at(-1) === 1 && right.at(-2) === 1 ? [a, b] : null;
	if (node.opType !== 'Mul' || left.length !== right.length) return null;
	const open = (shape: typeof left) => [1, 2].filter((back) => shape.at(-back) === 1);
	const [first, second] = [open(left), open(right)];
	return first.length === 1 && second.length === 1 && first[0] !== second[0] ? [a, b] : null;
}

function readBy(state: string, facts: Facts): { product: Product; query: string } | null {
	const queue = [state];
	for (let at = 0; at < queue.length && at < 12; at++) {
		const name = queue[at]!;
		for (const node of facts.scope.consumersOf(name)) {
			const after = node.opType === 'Mul' ? facts.scope.consumersOf(node.outputs[0] ?? '') : [];
			for (const candidate of [node, ...after]) {
				const product = readProduct(candidate, facts);
				const query =
					product?.left === name ? product.right : product?.right === name ? product.left : null;
				if (product && query && !facts.scope.isConstant(query) && contracted(product).length === 1)
					return { product, query };
			}
			if (tidying.has(node.opType) && node.outputs[0]) queue.push(node.outputs[0]);
		}
	}
	return null;
}

function describe(
	state: string,
	[k, v]: readonly [string, string],
	{ product, query }: { product: Product; query: string },
	facts: Facts,
): Finding {
	const shape = facts.shapeOf(state);
	const heads =
		shape && shape.length >= 5
			? (shape.slice(1, 3).find((dim) => typeof dim === 'number') ?? null)
			: null;
	const size = shape?.at(-2);
	const count = shape?.length === 4 ? 1 : typeof heads === 'number' ? heads : null;
	const behind = (name: string) => behindUnsqueeze(name, facts);
	return {
		node: product.node,
		parts: [product.node],
		site: {
			form: 'linear',
			kind: 'decomposed',
			operator: null,
			heads: count,
			kvHeads: count,
			headSize: typeof size === 'number' ? size : null,
			scale: 1,
			softCap: null,
			mask: 'causal',
			window: null,
			cross: false,
			tensors: {
				q: { name: behind(query), axes: '' },
				k: { name: behind(k), axes: '' },
				v: { name: behind(v), axes: '' },
				scores: null,
				weights: null,
				state: { name: state, axes: '' },
				output: { name: product.output, axes: '' },
			},
			maskMeans: null,
			confidence: 0.8,
			notes: ['the state of every token is kept: keys and values are summed by a running sum'],
		},
	};
}

function behindUnsqueeze(name: string, facts: Facts): string {
	const node = facts.scope.producerOf(name);
	return node?.opType === 'Unsqueeze' ? (node.inputs[0] ?? name) : name;
}
