import { sequenceBehind, type Sequence } from './chunk-sequence.ts';
import type { Facts } from './facts.ts';
import { originsOf } from './onward.ts';

/** The logarithms whose running sums make the decays. */
export function decaysOf(names: readonly string[], facts: Facts): Sequence | null {
	for (const name of names) {
		for (const origin of originsOf(name, facts, 60)) {
			const node = facts.scope.producerOf(origin);
			if (node?.opType !== 'CumSum' || facts.scope.isConstant(node.inputs[0] ?? '')) continue;
			const found = sequenceBehind(node.inputs[0] ?? '', facts);
			if (found.axis === null || found.factor === 1) return found;
		}
	}
	return null;
}
