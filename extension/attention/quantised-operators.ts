import type { ConstantTensor } from '../onnx/model-index.ts';
import { isStandard, type FlatNode } from './flat-node.ts';

interface Plain {
	readonly opType: string;
	readonly operands: (count: number) => number[];
}

/** Which operator one of quantised numbers stands for, and where its operands stand between steps and zero points. */
const plain: ReadonlyMap<string, Plain> = new Map<string, Plain>([
	['QLinearAdd', { opType: 'Add', operands: () => [0, 3] }],
	['QLinearMul', { opType: 'Mul', operands: () => [0, 3] }],
	['QLinearWhere', { opType: 'Where', operands: () => [0, 1, 4] }],
	['QLinearConcat', { opType: 'Concat', operands: (count) => everyThird(2, count) }],
	['QGemm', { opType: 'Gemm', operands: (count) => (count > 6 ? [0, 3, 6] : [0, 3]) }],
]);

function everyThird(first: number, count: number): number[] {
	return Array.from({ length: Math.ceil((count - first) / 3) }, (_, at) => first + 3 * at);
}

/**
 * Operators on quantised numbers as those on the numbers they stand for: each reads its operands alone. A single number
 * that is a weight is read turned back, for the factor or the filling that it is.
 */
export function withPlainOperators(
	nodes: readonly FlatNode[],
	weights: ReadonlyMap<string, ConstantTensor>,
): readonly FlatNode[] {
	if (!nodes.some(({ opType }) => plain.has(opType))) return nodes;
	const constantNodes = new Map(
		nodes.flatMap(({ opType, outputs, attributes }) => {
			const value = opType === 'Constant' ? attributes.get('value') : undefined;
			return value?.kind === 'tensor' ? [[outputs[0] ?? '', value.value] as const] : [];
		}),
	);
	return nodes.flatMap((node) => {
		const meant = isStandard(node) ? undefined : plain.get(node.opType);
		if (!meant) return [node];
		const before: FlatNode[] = [];
		const inputs = meant.operands(node.inputs.length).map((at) => {
			const name = node.inputs[at] ?? '';
			const weight = constantNodes.get(name) ?? weights.get(name);
			if (!weight?.dims.every((dim) => dim === 1) || weight.dtype === 'bool') return name;
			const output = `${node.outputs[0] ?? ''}/operand ${at}`;
			const read = [name, node.inputs[at + 1] ?? '', node.inputs[at + 2] ?? ''];
			const opType = 'DequantizeLinear';
			before.push({ ...node, opType, domain: '', inputs: read, outputs: [output], attributes: new Map() }); // prettier-ignore
			return output;
		});
		return [...before, { ...node, opType: meant.opType, domain: '', inputs }];
	});
}
