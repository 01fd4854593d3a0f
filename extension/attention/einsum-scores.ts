import { parseEquation } from './equation.ts';
import type { Facts } from './facts.ts';
import { stringOf, type FlatNode } from './flat-node.ts';

/** An Einsum of four tensors and more that multiplies queries with keys, weighs the products and mixes values. */
export interface EinsumScores {
	readonly q: string;
	readonly k: string;
	readonly v: string;
	/** What multiplies the scores. */
	readonly weighing: readonly string[];
	readonly labels: {
		readonly q: readonly string[];
		readonly k: readonly string[];
		readonly v: readonly string[];
		readonly weighing: readonly (readonly string[])[];
		readonly output: readonly string[];
		readonly query: string;
		readonly key: string;
	};
}

/** Reads `bthn,bshn,bhts,bshp->bthp`; null where an equation says something else. */
export function readEinsumScores(node: FlatNode, facts: Facts): EinsumScores | null {
	if (node.opType !== 'Einsum' || node.inputs.length < 4) return null;
	const ranks = node.inputs.map((input) => facts.rankOf(input));
	const equation = parseEquation(stringOf(node, 'equation') ?? '', ranks);
	if (!equation) return null;
	const { inputs, output } = equation;
	const having = (label: string) => inputs.flatMap((labels, at) => (labels.includes(label) ? [at] : [])); // prettier-ignore
	const summed = [...new Set(inputs.flat())].filter((label) => !output.includes(label));
	const features = summed.filter((label) => having(label).length === 2);
	for (const feature of features) {
		const pair = having(feature);
		for (const [q, k] of [pair, pair.toReversed()] as [number, number][]) {
			const key = summed.find((label) => label !== feature && inputs[k]!.includes(label) && !inputs[q]!.includes(label)); // prettier-ignore
			const query = inputs[q]!.find((label) => output.includes(label) && !inputs[k]!.includes(label)); // prettier-ignore
			const own = output.find((label) => having(label).length === 1 && ![q, k].includes(having(label)[0]!)); // prettier-ignore
			const v = own === undefined ? -1 : having(own)[0]!;
			if (key === undefined || query === undefined || v < 0 || !inputs[v]!.includes(key)) continue;
			if (summed.length !== 2) continue;
			const rest = inputs.map((_, at) => at).filter((at) => ![q, k, v].includes(at));
			return {
				q: node.inputs[q]!,
				k: node.inputs[k]!,
				v: node.inputs[v]!,
				weighing: rest.map((at) => node.inputs[at]!),
				labels: {
					q: inputs[q]!,
					k: inputs[k]!,
					v: inputs[v]!,
					weighing: rest.map((at) => inputs[at]!),
					output,
					query,
					key,
				},
			};
		}
	}
	return null;
}
