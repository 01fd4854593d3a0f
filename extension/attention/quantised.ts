import type { Facts } from './facts.ts';

/** The numbers behind a quantised operand: what the quantiser was given, where that is in the graph. */
export function floatBehind(name: string, facts: Facts): { name: string; quantised: boolean } {
	const { scope } = facts;
	const quantised = /int8/.test(facts.dtypeOf(name) ?? '');
	const node = scope.producerOf(name);
	const quantiser = node?.opType === 'QuantizeLinear' || node?.opType === 'DynamicQuantizeLinear';
	return quantiser ? { name: node.inputs[0] ?? name, quantised: true } : { name, quantised };
}

/** The numbers that a quantised result stands for: after the scale, or after the dequantiser, where the graph has them. */
export function floatAfter(name: string, facts: Facts): string {
	let current = name;
	for (let steps = 0; steps < 4; steps++) {
		const [next] = facts.scope.consumersOf(current);
		const output = next?.outputs[0];
		if (!next || !output) return name;
		if (next.opType === 'DequantizeLinear') return output;
		if (next.opType === 'Mul' && current !== name) return output;
		if (next.opType !== 'Cast') return name;
		current = output;
	}
	return name;
}
