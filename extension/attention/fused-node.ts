import type { Derivation } from './derivation.ts';
import type { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';
import type { FusedOperator } from './fused-operators.ts';

/** A fused operator where it stands. */
export interface Fused {
	readonly node: FlatNode;
	readonly operator: FusedOperator;
	readonly facts: Facts;
	readonly heads: number | null;
	readonly kvHeads: number | null;
	/** Null where nothing can be computed beside the operator: inside a subgraph or function. */
	readonly derivation: Derivation | null;
}

/** Name of an input; empty where it is left out. */
export const inputAt = ({ node }: Pick<Fused, 'node'>, at: number | null | undefined): string =>
	at == null ? '' : (node.inputs[at] ?? '');

/** Whether the operator has keys and values of earlier tokens. */
export function hasPast(fused: Fused): boolean {
	return fused.operator.past.some((at) => inputAt(fused, at) !== '');
}
