import type { DerivedAttribute, SiteTensor } from '../protocol/model.ts';
import { float, int } from './derivation.ts';
import { intOf } from './flat-node.ts';
import type { Fused } from './fused-node.ts';

/** Asks the standard operator for the probabilities after its softmax. */
const AFTER_SOFTMAX = 3;

/**
 * The operator's own probabilities: an output of the graph where it gives them, else that of a copy of the node which does.
 * Only the standard operator can be asked.
 */
export function weightsOf({ node, operator, derivation }: Fused): SiteTensor | null {
	if (!operator.domains.includes('') || operator.operator !== 'Attention') return null;
	const own = node.outputs[3] ?? '';
	if (intOf(node, 'qk_matmul_output_mode') === AFTER_SOFTMAX && own !== '') {
		return { name: own, axes: 'BHTS' };
	}
	if (!derivation) return null;
	const attributes: Record<string, DerivedAttribute> = {};
	for (const [name, held] of node.attributes) {
		if (held.kind === 'int') attributes[name] = int(held.value);
		else if (held.kind === 'float') attributes[name] = float(held.value);
		else return null;
	}
	attributes['qk_matmul_output_mode'] = int(AFTER_SOFTMAX);
	const { opType: op, domain, inputs } = node;
	const copied = { op, domain, inputs: [...inputs], attributes };
	const [, , , name] = derivation.copy(copied, ['copied', 'copied-k', 'copied-v', 'weights']);
	return { name: name!, axes: 'BHTS' };
}
