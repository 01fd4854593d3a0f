import { carryLabels, basesOf, type Labels } from './carry.ts';
import type { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';
import { contracted, type Product } from './product.ts';
import { readWeightedProduct } from './weighted-product.ts';
import { isWeight } from './weights.ts';

/** The product of a state with a query. */
export interface Reading {
	readonly product: Product;
	readonly query: string;
	/** Axis of the state that is summed over, counted from the right; null where it was lost on the way. */
	readonly axis: number | null;
	/** A bonus for the token's own key is added to the state before it is read. */
	readonly adds: boolean;
}

const passing = new Set(
	'Identity Cast CastLike Transpose Reshape Unsqueeze Squeeze Expand Mul Add Concat Gather Slice Div'.split(
		' ',
	),
);
const MOST_VISITS = 40;

interface Visit {
	readonly name: string;
	readonly labels: Labels;
	readonly adds: boolean;
}

/**
 * Products of a state with something else, nearest first, through all that lays it out anew, scales it or adds to it.
 *
 * @param stops names that the way does not pass, such as the next state
 */
export function readingsOf(
	state: string,
	facts: Facts,
	stops: ReadonlySet<string> = new Set(),
): Reading[] {
	const rank = facts.rankOf(state) ?? 0;
	const labels = rank > 0 ? Array.from({ length: rank }, (_, axis) => `s${rank - axis}`) : null;
	const queue: Visit[] = [{ name: state, labels, adds: false }];
	const seen = new Set([state]);
	const found: Reading[] = [];
	for (let at = 0; at < queue.length && at < MOST_VISITS; at++) {
		const visit = queue[at]!;
		for (const node of facts.scope.consumersOf(visit.name)) {
			const candidates =
				node.opType === 'Mul' ? [node, ...facts.scope.consumersOf(node.outputs[0] ?? '')] : [node];
			found.push(...candidates.flatMap((candidate) => readAt(candidate, visit, facts)));
			const [output] = node.outputs;
			if (!output || !passing.has(node.opType) || seen.has(output) || stops.has(output)) continue;
			seen.add(output);
			queue.push({
				name: output,
				labels: carryLabels(node, visit.name, visit.labels, facts),
				adds: visit.adds || node.opType === 'Add',
			});
		}
	}
	return found;
}

function readAt(node: FlatNode, { name, labels, adds }: Visit, facts: Facts): Reading[] {
	const product = readWeightedProduct(node, facts)?.product;
	if (!product || (product.left !== name && product.right !== name)) return [];
	const query = product.left === name ? product.right : product.left;
	if (query === name || isWeight(query, facts)) return [];
	const own = product.left === name ? product.leftLabels : product.rightLabels;
	const sums = contracted(product);
	const at = own?.findIndex((label) => sums.includes(label)) ?? -1;
	if (at < 0 || sums.length !== 1) return [];
	const [base] = basesOf(labels?.length === own!.length ? labels[at]! : '');
	const axis = base?.startsWith('s') ? Number(base.slice(1)) : null;
	return [{ product, query, axis, adds }];
}
