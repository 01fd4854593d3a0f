import { AttributeProto_AttributeType } from 'onnx-buf';
import type { Field } from './fields.ts';
import type { GraphDraft } from './graph-draft.ts';
import { MAX_LIST } from './limits.ts';
import type { Attribute, ConstantTensor } from './model-index.ts';

/** As numbers: what a file says need not be one of them. */
const Type: Readonly<Record<keyof typeof AttributeProto_AttributeType, number>> =
	AttributeProto_AttributeType;

/** An attribute whose kind is not known before all its fields are. */
export class AttributeDraft {
	name = '';
	reference = '';
	type: number | undefined;
	int: number | undefined;
	float: number | undefined;
	string: string | undefined;
	tensor: ConstantTensor | undefined;
	graph: GraphDraft | undefined;
	ints: number[] | undefined;
	floats: number[] | undefined;
	strings: string[] | undefined;
	graphs: GraphDraft[] | undefined;
	private tooLong = false;

	/** The list with the values of one more field; a field that was not loaded makes it too long to be kept. */
	longer(list: number[] | undefined, field: Field, values: number[]): number[] {
		const whole = list ?? values;
		if (list) for (const value of values) list.push(value);
		this.tooLong ||= !field.loaded || whole.length > MAX_LIST;
		return whole;
	}

	finished(): Attribute {
		if (this.reference !== '') return { kind: 'reference', value: this.reference };
		if (this.tooLong || (this.strings?.length ?? 0) > MAX_LIST) return { kind: 'other' };
		switch (this.type ?? this.guessedType()) {
			case Type.INT:
				return { kind: 'int', value: this.int ?? 0 };
			case Type.FLOAT:
				return { kind: 'float', value: this.float ?? 0 };
			case Type.STRING:
				return this.string === undefined
					? { kind: 'other' }
					: { kind: 'string', value: this.string };
			case Type.INTS:
				return { kind: 'ints', value: this.ints ?? [] };
			case Type.FLOATS:
				return { kind: 'floats', value: this.floats ?? [] };
			case Type.STRINGS:
				return { kind: 'strings', value: this.strings ?? [] };
			case Type.TENSOR:
				return this.tensor ? { kind: 'tensor', value: this.tensor } : { kind: 'other' };
			case Type.GRAPH:
				return this.graph ? { kind: 'graph', value: this.graph } : { kind: 'other' };
			case Type.GRAPHS:
				return { kind: 'graphs', value: this.graphs ?? [] };
			default:
				return { kind: 'other' };
		}
	}

	/** Files of the first format versions do not say the type. */
	private guessedType(): number {
		if (this.int !== undefined) return Type.INT;
		if (this.float !== undefined) return Type.FLOAT;
		if (this.string !== undefined) return Type.STRING;
		if (this.tensor) return Type.TENSOR;
		if (this.graph) return Type.GRAPH;
		if (this.ints) return Type.INTS;
		if (this.floats) return Type.FLOATS;
		if (this.strings) return Type.STRINGS;
		return this.graphs ? Type.GRAPHS : Type.UNDEFINED;
	}
}
