import type { MessageInitShape } from '@bufbuild/protobuf';
import {
	AttributeProto_AttributeType as Type,
	type AttributeProtoSchema,
	type NodeProtoSchema,
} from 'onnx-buf';
import type { DerivedAttribute, DerivedNode } from '../protocol/model.ts';
import { dtypeNumber } from './dtypes.ts';
import type { ModelIndex } from './model-index.ts';
import type { TensorPlaces } from './tensor-places.ts';

/** Nodes that probes may append, and those that one plan does. */
export class DerivedNodes {
	private readonly makers = new Map<string, DerivedNode>();
	private readonly chosen = new Set<DerivedNode>();

	constructor(
		derived: readonly DerivedNode[],
		private readonly places: TensorPlaces,
	) {
		for (const node of derived) for (const name of node.outputs) this.makers.set(name, node);
	}

	/** Whether a probe can compute the tensor; what the model itself computes is never derived. */
	has(tensor: string): boolean {
		return this.makers.has(tensor) && !this.places.names.has(tensor);
	}

	/** Takes all that the tensor is computed from into the plan, or says why it cannot be computed. */
	choose(tensor: string): string | null {
		const needed = new Set<DerivedNode>();
		const queue = [tensor];
		for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
			if (name === '') continue;
			const node = this.makers.get(name);
			if (!node || !this.has(name)) {
				const place = this.places.find(name);
				if (typeof place === 'string') return `It is computed from ${name}. ${place}`;
			} else if (!needed.has(node)) {
				needed.add(node);
				queue.push(...node.inputs);
			}
		}
		for (const node of needed) this.chosen.add(node);
		return null;
	}

	/** In the order they were made in, which is that of the dataflow. */
	written(): MessageInitShape<typeof NodeProtoSchema>[] {
		return [...new Set(this.makers.values())].filter((node) => this.chosen.has(node)).map(written);
	}

	/** Operator sets that the model does not import and the chosen nodes need; all are the runtime's own, in version 1. */
	imports({ opsets }: ModelIndex): { domain: string; version: bigint }[] {
		const known = new Set(opsets.map(({ domain }) => domain));
		const needed = new Set([...this.chosen].map(({ domain }) => domain));
		return [...needed]
			.filter((domain) => domain !== '' && !known.has(domain))
			.map((domain) => ({ domain, version: 1n }));
	}
}

function written({ op, domain, inputs, outputs, attributes }: DerivedNode) {
	return {
		opType: op,
		domain,
		input: inputs,
		output: outputs,
		attribute: Object.entries(attributes).map(([name, held]) => writtenAttribute(name, held)),
	};
}

function writtenAttribute(
	name: string,
	{ type, values, tensor }: DerivedAttribute,
): MessageInitShape<typeof AttributeProtoSchema> {
	const [first = 0] = values;
	switch (type) {
		case 'int':
			return { name, type: Type.INT, i: BigInt(first) };
		case 'ints':
			return { name, type: Type.INTS, ints: values.map(BigInt) };
		case 'float':
			return { name, type: Type.FLOAT, f: first };
		case 'tensor': {
			const { dtype, shape } = tensor ?? { dtype: 'float32', shape: [values.length] };
			const data =
				dtype === 'int64' ? { int64Data: values.map(BigInt) } : { floatData: [...values] };
			const t = { dims: shape.map(BigInt), dataType: dtypeNumber(dtype) ?? 0, ...data };
			return { name, type: Type.TENSOR, t };
		}
	}
}
