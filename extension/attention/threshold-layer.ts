import type { Facts } from './facts.ts';
import type { FlatNode } from './flat-node.ts';
import type { Finding, FormFinder } from './form.ts';

/**
 * Not attention, but a layer that many functions share: `ReLU(W x − θ)` with a square W, as networks that compute in
 * superposition are built (arXiv:2409.15318). Input features meet in W as tokens meet in attention.
 */
export const thresholdLayer: FormFinder = {
	id: 'threshold-layer',
	find: (facts) =>
		facts.scope.nodes.flatMap((node) => (node.opType === 'Relu' ? (read(node, facts) ?? []) : [])),
};

function read(relu: FlatNode, facts: Facts): Finding | null {
	const [before = ''] = relu.inputs;
	const minus = facts.scope.producerOf(before);
	const threshold = facts.numberOf(minus?.inputs[1] ?? '');
	if (minus?.opType !== 'Sub' || threshold === null || threshold <= 0) return null;
	const product = facts.scope.producerOf(minus.inputs[0] ?? '');
	const [input = '', weight = ''] = product?.inputs ?? [];
	const [rows, columns] = facts.shapeOf(weight) ?? [];
	const square = typeof rows === 'number' && rows === columns && rows > 1;
	if (product?.opType !== 'MatMul' || !square || !facts.scope.isConstant(weight)) return null;
	return {
		node: product,
		parts: [product],
		site: {
			form: 'superposed',
			kind: 'decomposed',
			operator: 'threshold-layer',
			heads: null,
			kvHeads: null,
			headSize: null,
			scale: null,
			softCap: null,
			epsilon: null,
			mask: 'none',
			window: null,
			cross: false,
			tensors: {
				q: null,
				k: null,
				v: null,
				scores: null,
				weights: null,
				input: { name: input, axes: 'BD' },
				matrix: { name: weight, axes: 'DD' },
				before: { name: product.outputs[0] ?? '', axes: 'BD' },
				output: { name: relu.outputs[0] ?? '', axes: 'BD' },
			},
			maskMeans: null,
			confidence: 0.8,
			notes: [
				`no attention: ReLU(W x − ${threshold}) of a square W, which many functions may share`,
			],
		},
	};
}
