import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import type { AttributeProtoSchema, NodeProtoSchema } from 'onnx-buf';
import {
	AttributeProto_AttributeType as Type,
	GraphProtoSchema,
	ModelProtoSchema,
	TensorProtoSchema,
	ValueInfoProtoSchema,
	type GraphProto,
	type TensorProto,
	type ValueInfoProto,
} from 'onnx-buf';
import { dtypeNumber } from '../../extension/onnx/dtypes.ts';

type NodeInit = MessageInitShape<typeof NodeProtoSchema>;
type ModelInit = MessageInitShape<typeof ModelProtoSchema>;

/** Integers and whole lists of integers become `INT` and `INTS`; say `float(2)` where a whole number is a float. */
export type AttributeValue =
	| number
	| readonly number[]
	| string
	| readonly string[]
	| TensorProto
	| GraphProto
	| { readonly float: number }
	| { readonly floats: readonly number[] }
	| { readonly reference: string };

/** A float attribute, also where its value is whole. */
export function float(value: number): { float: number } {
	return { float: value };
}

/** A value's name, element type and shape; a name for a symbolic dimension, null for one that is not known. */
export function value(
	name: string,
	dtype = 'float32',
	shape?: readonly (number | string | null)[],
): ValueInfoProto {
	const dim = shape?.map((size) => ({
		value:
			typeof size === 'number'
				? ({ case: 'dimValue', value: BigInt(size) } as const)
				: typeof size === 'string'
					? ({ case: 'dimParam', value: size } as const)
					: { case: undefined },
	}));
	const tensorType = { elemType: dtypeNumber(dtype)!, ...(dim && { shape: { dim } }) };
	return create(ValueInfoProtoSchema, {
		name,
		type: { value: { case: 'tensorType', value: tensorType } },
	});
}

const arrays = {
	float32: (values: readonly number[]) => Float32Array.from(values),
	float64: (values: readonly number[]) => Float64Array.from(values),
	int64: (values: readonly number[]) => BigInt64Array.from(values, (x) => BigInt(x)),
	int32: (values: readonly number[]) => Int32Array.from(values),
	uint8: (values: readonly number[]) => Uint8Array.from(values),
	int8: (values: readonly number[]) => Int8Array.from(values),
	bool: (values: readonly number[]) => Uint8Array.from(values),
};

/** A tensor with its values as raw little-endian bytes, row-major. */
export function tensor(
	name: string,
	dims: readonly number[],
	values: readonly number[],
	dtype: keyof typeof arrays = 'float32',
): TensorProto {
	const data = arrays[dtype](values);
	return create(TensorProtoSchema, {
		name,
		dims: dims.map((size) => BigInt(size)),
		dataType: dtypeNumber(dtype)!,
		rawData: new Uint8Array(data.buffer),
	});
}

/** A node; its name is that of its first output where none is given. */
export function node(
	opType: string,
	inputs: readonly string[],
	outputs: readonly string[],
	attributes: Readonly<Record<string, AttributeValue>> = {},
	more: NodeInit = {},
): NodeInit {
	return {
		opType,
		name: outputs[0] ?? '',
		input: [...inputs],
		output: [...outputs],
		attribute: Object.entries(attributes).map(([name, held]) => attribute(name, held)),
		...more,
	};
}

/** A node whose output is a constant. */
export function constant(name: string, held: TensorProto): NodeInit {
	return node('Constant', [], [name], { value: held });
}

/** A graph, for a model or for the body of a control-flow node. */
export function graph(init: MessageInitShape<typeof GraphProtoSchema>): GraphProto {
	return create(GraphProtoSchema, { name: 'graph', ...init });
}

/** A whole model file. */
export function model(
	init: MessageInitShape<typeof GraphProtoSchema>,
	more: ModelInit = {},
): Uint8Array {
	const opsetImport = [{ domain: '', version: 17n }];
	const whole = { irVersion: 8n, producerName: 'tests', opsetImport, graph: graph(init), ...more };
	return toBinary(ModelProtoSchema, create(ModelProtoSchema, whole));
}

function attribute(
	name: string,
	held: AttributeValue,
): MessageInitShape<typeof AttributeProtoSchema> {
	if (typeof held === 'number') {
		return Number.isInteger(held)
			? { name, type: Type.INT, i: BigInt(held) }
			: { name, type: Type.FLOAT, f: held };
	}
	if (typeof held === 'string') return { name, type: Type.STRING, s: utf8(held) };
	if ('float' in held) return { name, type: Type.FLOAT, f: held.float };
	if ('floats' in held) return { name, type: Type.FLOATS, floats: [...held.floats] };
	if ('reference' in held) return { name, refAttrName: held.reference };
	if ('$typeName' in held) {
		return held.$typeName === 'onnx.TensorProto'
			? { name, type: Type.TENSOR, t: held }
			: { name, type: Type.GRAPH, g: held };
	}
	if (held.every((item) => typeof item === 'string')) {
		return { name, type: Type.STRINGS, strings: held.map(utf8) };
	}
	return held.every((item) => Number.isInteger(item))
		? { name, type: Type.INTS, ints: held.map((item) => BigInt(item)) }
		: { name, type: Type.FLOATS, floats: held.map(Number) };
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
	return new TextEncoder().encode(text);
}
