import type { Facts } from './facts.ts';
import { intOf, type FlatNode } from './flat-node.ts';
import type { Finding, FormFinder } from './form.ts';
import { isCrossKernel } from './kernel-features.ts';
import { normalisedBy, sumsKeys } from './normaliser.ts';
import { originsOf } from './onward.ts';
import { readOuter } from './outer-product.ts';
import type { Frame, Outside } from './state-frame.ts';
import { readingsOf } from './state-reading.ts';
import { describeRecurrence } from './state-site.ts';
import { readWeightedProduct } from './weighted-product.ts';
import { isWeight, withoutOpenAxes } from './weights.ts';

/** Causal linear attention by a running sum: the outer products of keys and values, summed over tokens, read by q. */
export const runningState: FormFinder = {
	id: 'running-state',
	find: (facts) =>
		facts.scope.nodes.flatMap((node) =>
			node.opType === 'CumSum' ? (read(node, facts) ?? []) : [],
		),
};

function read(node: FlatNode, facts: Facts): Finding | null {
	const [state = ''] = node.outputs;
	const written = readOuter(node.inputs[0] ?? '', facts);
	if (!written || written.vectors.some((vector) => isWeight(vector, facts))) return null;
	const reading = readingsOf(state, facts)[0];
	if (!reading) return null;
	const { product } = reading;
	const site = describeRecurrence(
		{
			frame: new WholeFrame(facts),
			shape: withoutTokens(node, facts),
			last: state,
			update: {
				written,
				given: true,
				decay: null,
				erases: false,
				value: null,
				strength: null,
				dependent: null,
				asksOtherwise: false,
			},
			reading,
			start: null,
		},
		facts,
	);
	const fades = isFading(state, facts);
	const [q, k] = ['q', 'k'].map((role) => site.tensors[role]?.name ?? '');
	if (isCrossKernel(q!, k!, facts)) return null;
	const by = readWeightedProduct(product.node, facts)?.by ?? null;
	const norm = normalisedBy(product.output, by, sumsKeys(q!, k!, facts), facts);
	const { output = null } = site.tensors;
	return {
		node: product.node,
		parts: [product.node],
		site: {
			...site,
			form: fades ? 'gated' : site.form,
			kind: 'decomposed',
			operator: null,
			epsilon: norm?.epsilon ?? null,
			tensors: {
				...site.tensors,
				state: { name: state, axes: '' },
				output: output && norm ? { ...output, name: norm.output } : output,
				...(norm ? { normaliser: { name: norm.divisor, axes: '' } } : {}),
			},
			confidence: 0.8,
			notes: [
				...site.notes,
				'the state of every token is kept: keys and values are summed by a running sum',
				...(fades ? ['the running sum is divided by powers: the decay is told by no tensor'] : []),
				...(norm?.notes ?? []),
				...(by === null || norm ? [] : [`the result is multiplied by ${by}`]),
			],
		},
	};
}

/** A sum of what was multiplied by powers is divided by them: what is further back counts less. */
function isFading(state: string, facts: Facts): boolean {
	return facts.scope.consumersOf(state).some(({ opType, inputs }) => {
		if (opType !== 'Div' || inputs[0] !== state) return false;
		return [...originsOf(inputs[1] ?? '', facts, 24)].some(
			(name) => facts.scope.producerOf(name)?.opType === 'Exp',
		);
	});
}

/** Every tensor holds all tokens: none is cut for a turn. */
class WholeFrame implements Frame {
	constructor(readonly around: Facts) {}

	sourceOf(name: string): Outside {
		return this.resultOf(withoutOpenAxes(name, this.around));
	}

	resultOf(name: string): Outside {
		return { name, axis: 'own', changes: [], factor: 1 };
	}
}

function withoutTokens(node: FlatNode, facts: Facts) {
	const shape = facts.shapeOf(node.outputs[0] ?? '');
	const axis = facts.valueOf(node.inputs[1] ?? '')?.[0] ?? intOf(node, 'axis');
	if (!shape || typeof axis !== 'number') return null;
	return shape.filter((_, at) => at !== (axis < 0 ? axis + shape.length : axis));
}
