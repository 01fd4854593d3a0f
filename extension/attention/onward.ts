import type { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';

/** Operators that work token by token: what they return still belongs to the site they come from. */
const tokenwise = new Set(
	(
		'Add Mul Div Sub MatMul Gemm Reshape Transpose Unsqueeze Squeeze Identity Cast Dropout LayerNormalization ' +
		'SimplifiedLayerNormalization RMSNormalization Sigmoid Tanh Relu Gelu Erf Sqrt Pow ReduceMean Slice Concat Where Neg ' +
		'Reciprocal ReduceSum ConcatFromSequence'
	).split(' '),
);

/** A use of a tensor, some steps after a site's result. */
export interface Use {
	readonly node: FlatNode;
	/** The input of the node that comes from the site. */
	readonly from: string;
	readonly steps: number;
}

/** Uses of a tensor, nearest first, through all that works token by token; `stop` ends the way after a node. */
export function usesOf(
	first: string,
	facts: Facts,
	most: number,
	stop: (use: Use) => boolean = () => false,
): Use[] {
	const uses: Use[] = [];
	const queue: { name: string; steps: number }[] = [{ name: first, steps: 0 }];
	const seen = new Set([first]);
	for (let at = 0; at < queue.length && at < 200; at++) {
		const { name, steps } = queue[at]!;
		for (const node of facts.scope.consumersOf(name)) {
			const use = { node, from: name, steps };
			uses.push(use);
			const [output] = node.outputs;
			if (steps >= most || stop(use) || !tokenwise.has(node.opType) || !output || seen.has(output))
				continue;
			const weighed =
				node.opType !== 'MatMul' || node.inputs.some((input) => facts.scope.isConstant(input));
			if (!weighed) continue;
			seen.add(output);
			queue.push({ name: output, steps: steps + 1 });
		}
	}
	return uses;
}

/** Tensors that a tensor is made from, nearest first. */
export function originsOf(first: string, facts: Facts, most: number): Set<string> {
	const found = new Set([first]);
	for (const name of found) {
		if (found.size > most) break;
		for (const input of facts.scope.producerOf(name)?.inputs ?? []) if (input) found.add(input);
	}
	return found;
}

/** The only operand of a node besides the given one; null for a weight. */
export function otherOperand({ node, from }: Use, facts: Facts): string | null {
	const others = node.inputs.filter((input) => input && input !== from);
	const [other] = others;
	return others.length === 1 && other !== undefined && !facts.scope.isConstant(other)
		? other
		: null;
}
