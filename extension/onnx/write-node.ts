import type { MessageInitShape } from '@bufbuild/protobuf';
import {
	AttributeProto_AttributeType as Type,
	type AttributeProtoSchema,
	type NodeProtoSchema,
} from 'onnx-buf';
import type { Attribute, GraphNode } from './model-index.ts';

/** A node as it is written to a file; null where an attribute holds a tensor or a graph, which the index does not keep. */
export function writtenNode(node: GraphNode): MessageInitShape<typeof NodeProtoSchema> | null {
	const attribute = [];
	for (const [name, held] of node.attributes) {
		const written = writtenAttribute(name, held);
		if (!written) return null;
		attribute.push(written);
	}
	const { name, opType, domain, docString, inputs, outputs } = node;
	const metadataProps = Array.from(node.metadata, ([key, value]) => ({ key, value }));
	return {
		name,
		opType,
		domain,
		docString,
		input: [...inputs],
		output: [...outputs],
		attribute,
		metadataProps,
	};
}

function writtenAttribute(
	name: string,
	held: Attribute,
): MessageInitShape<typeof AttributeProtoSchema> | null {
	switch (held.kind) {
		case 'int':
			return { name, type: Type.INT, i: BigInt(held.value) };
		case 'float':
			return { name, type: Type.FLOAT, f: held.value };
		case 'string':
			return { name, type: Type.STRING, s: new TextEncoder().encode(held.value) };
		case 'ints':
			return { name, type: Type.INTS, ints: held.value.map((value) => BigInt(value)) };
		case 'floats':
			return { name, type: Type.FLOATS, floats: [...held.value] };
		case 'strings': {
			const strings = held.value.map((value) => new TextEncoder().encode(value));
			return { name, type: Type.STRINGS, strings };
		}
		case 'tensor':
		case 'graph':
		case 'graphs':
		case 'reference':
		case 'other':
			return null;
	}
}
