import { hasPast, inputAt, type Fused } from './fused-node.ts';

/** Why onnxruntime-web cannot run an operator as it stands in the graph, in a sentence; empty where it can. */
export function obstaclesOf(fused: Fused): string[] {
	const { node, operator, facts } = fused;
	const name = operator.operator;
	if (!operator.runs) {
		return [`onnxruntime-web has no kernel for ${name}, so the model cannot be run here`];
	}
	if (name === 'SparseAttention') {
		return [
			'onnxruntime-web cannot run SparseAttention, which wants past and present in one buffer',
		];
	}
	const [q, k] = [inputAt(fused, 0), inputAt(fused, 1)];
	const packed = facts.rankOf(q) === 5 || facts.rankOf(k) === 5;
	if (name === 'MultiHeadAttention' && packed) {
		return ['onnxruntime-web has no kernel for MultiHeadAttention with packed keys and values'];
	}
	if (name === 'Attention' && operator.domains.includes('') && hasPast(fused) && !node.outputs[1]) {
		return ['onnxruntime-web cannot run Attention with a past that it does not hand on'];
	}
	return [];
}

/** What an operator does that no derived tensor holds, in sentences. */
export function unopenedOf(fused: Fused): string[] {
	const { node, operator } = fused;
	if (operator.operator !== 'GroupQueryAttention') return [];
	const smooth = node.attributes.get('smooth_softmax');
	const sinks = inputAt(fused, 11) !== '' || (smooth?.kind === 'int' && smooth.value === 1);
	return [
		...(sinks ? ['a sink takes a part of every row of weights inside the operator'] : []),
		...(inputAt(fused, 12) !== '' ? ['keys and values of the past are quantised'] : []),
	];
}
