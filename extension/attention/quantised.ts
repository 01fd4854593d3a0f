import type { Facts } from './facts.ts';

/** The numbers behind a quantised operand: what the quantiser was given, where that is in the graph. */
export function floatBehind(name: string, facts: Facts): { name: string; quantised: boolean } {
	const { scope } = facts;
	const quantised = /int8/.test(facts.dtypeOf(name) ?? '');
	const node = scope.producerOf(name);
	const quantiser = node?.opType === 'QuantizeLinear' || node?.opType === 'DynamicQuantizeLinear';
	return quantiser ? { name: node.inputs[0] ?? name, quantised: true } : { name, quantised };
}
