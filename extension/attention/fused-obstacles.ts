import { reachOf } from './fused-masks.ts';
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
	const { before, after } = reachOf(fused);
	if (before !== null || after !== null) {
		return [`onnxruntime-web cannot run ${name} with a window, which opset 25 brought`];
	}
	const [q, k] = [inputAt(fused, 0), inputAt(fused, 1)];
	const packed = facts.rankOf(q) === 5 || facts.rankOf(k) === 5;
	if (name === 'MultiHeadAttention' && packed) {
		return ['onnxruntime-web has no kernel for MultiHeadAttention with packed keys and values'];
	}
	if (inputAt(fused, operator.norms?.[0]) !== '') {
		return [`onnxruntime-web cannot run ${name} with norms of its own on WASM, only on WebGPU`];
	}
	if (/^float8/.test(facts.dtypeOf(inputAt(fused, operator.past[0])) ?? '')) {
		return [`onnxruntime-web has no kernel for ${name} whose past is kept in eight-bit floats`];
	}
	if (name === 'Attention' && operator.domains.includes('') && hasPast(fused) && !node.outputs[1]) {
		return ['onnxruntime-web cannot run Attention with a past that it does not hand on'];
	}
	return [];
}
