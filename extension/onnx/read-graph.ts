import {
	AttributeProtoSchema,
	FunctionProtoSchema,
	GraphProtoSchema,
	NodeProtoSchema,
} from 'onnx-buf';
import { AttributeDraft } from './attribute-draft.ts';
import { FormatError } from './byte-source.ts';
import { stretchOf } from './field-ranges.ts';
import type { Field, FieldWalk, Pending } from './fields.ts';
import {
	emptyFunction,
	emptyGraph,
	emptyNode,
	NOTHING,
	type FunctionDraft,
	type GraphDraft,
	type NodeDraft,
} from './graph-draft.ts';
import { docOf, entryOf, floatsOf, integersOf, nameOf, textOf, valueInfoOf } from './leaves.ts';
import { MAX_LIST, MAX_NAME_BYTES, MAX_NODES, MAX_TEXT_BYTES } from './limits.ts';
import type { Attribute, ByteRange, ConstantTensor } from './model-index.ts';
import { readSparseTensor, readTensor } from './read-tensor.ts';

const A = AttributeProtoSchema.field;
const F = FunctionProtoSchema.field;
const G = GraphProtoSchema.field;
const N = NodeProtoSchema.field;

const wantedOfGraph = new Map<number, number>([
	[G.name.number, MAX_NAME_BYTES],
	[G.input.number, MAX_TEXT_BYTES],
	[G.output.number, MAX_TEXT_BYTES],
	[G.valueInfo.number, MAX_TEXT_BYTES],
	[G.metadataProps.number, MAX_TEXT_BYTES],
]);
const wantedOfNode = new Map<number, number>([
	[N.input.number, MAX_NAME_BYTES],
	[N.output.number, MAX_NAME_BYTES],
	[N.name.number, MAX_NAME_BYTES],
	[N.opType.number, MAX_NAME_BYTES],
	[N.domain.number, MAX_NAME_BYTES],
	[N.docString.number, MAX_TEXT_BYTES],
	[N.metadataProps.number, MAX_TEXT_BYTES],
]);
const wantedOfFunction = new Map<number, number>([
	[F.name.number, MAX_NAME_BYTES],
	[F.domain.number, MAX_NAME_BYTES],
	[F.overload.number, MAX_NAME_BYTES],
	[F.input.number, MAX_NAME_BYTES],
	[F.output.number, MAX_NAME_BYTES],
	[F.docString.number, MAX_TEXT_BYTES],
	[F.metadataProps.number, MAX_TEXT_BYTES],
]);
const wantedOfAttribute = new Map<number, number>([
	[A.name.number, MAX_NAME_BYTES],
	[A.refAttrName.number, MAX_NAME_BYTES],
	[A.s.number, MAX_TEXT_BYTES],
	[A.strings.number, MAX_TEXT_BYTES],
	[A.ints.number, MAX_LIST * 10],
	[A.floats.number, MAX_LIST * 4],
]);

/** Reads graphs, nodes and attributes, which hold each other. */
export class GraphReader {
	private nodes = 0;

	constructor(private readonly walk: FieldWalk) {}

	/** Adds what a `GraphProto` holds to `graph`. */
	graph(range: ByteRange, depth: number, graph: GraphDraft): Pending {
		const { window } = this.walk;
		const message = 'GraphProto';
		const keep = (tensor: ConstantTensor) => void graph.initializers.set(tensor.name, tensor);
		return this.walk.each(range, message, depth, wantedOfGraph, (field) => {
			switch (field.number) {
				case G.node.number:
					return this.node(field, depth + 1, graph.nodes);
				case G.initializer.number:
					return readTensor(this.walk, stretchOf(field, message), depth + 1).then(keep);
				case G.sparseInitializer.number:
					return readSparseTensor(this.walk, stretchOf(field, message), depth + 1).then(keep);
				case G.name.number:
					graph.name = nameOf(window, field, message);
					break;
				case G.input.number:
					graph.inputs.push(valueInfoOf(window, field));
					break;
				case G.output.number:
					graph.outputs.push(valueInfoOf(window, field));
					break;
				case G.valueInfo.number: {
					const info = valueInfoOf(window, field);
					graph.valueInfo.set(info.name, info);
					break;
				}
				case G.metadataProps.number:
					graph.metadata.set(...entryOf(window, field, message));
			}
			return undefined;
		});
	}

	/** Adds the local function that a `FunctionProto` holds to `functions`. */
	function(range: ByteRange, depth: number, functions: FunctionDraft[]): Pending {
		const { window } = this.walk;
		const message = 'FunctionProto';
		const local = emptyFunction();
		functions.push(local);
		return this.walk.each(range, message, depth, wantedOfFunction, (field) => {
			switch (field.number) {
				case F.node.number:
					return this.node(field, depth + 1, local.nodes);
				case F.attributeProto.number:
					return this.attribute(stretchOf(field, message), depth + 1, local);
				case F.name.number:
					local.name = nameOf(window, field, message);
					break;
				case F.domain.number:
					local.domain = domainOf(nameOf(window, field, message));
					break;
				case F.overload.number:
					local.overload = nameOf(window, field, message);
					break;
				case F.input.number:
					local.inputs.push(nameOf(window, field, message));
					break;
				case F.output.number:
					local.outputs.push(nameOf(window, field, message));
					break;
				case F.docString.number:
					local.docString = docOf(window, field, message);
					break;
				case F.metadataProps.number:
					local.metadata.set(...entryOf(window, field, message));
			}
			return undefined;
		});
	}

	private node(whole: Field, depth: number, nodes: NodeDraft[]): Pending {
		if (++this.nodes > MAX_NODES) {
			throw new FormatError('unsupported', whole.at, `The model has more than ${MAX_NODES} nodes`);
		}
		const { window } = this.walk;
		const message = 'NodeProto';
		const range = stretchOf(whole, 'GraphProto');
		const node = emptyNode(whole);
		nodes.push(node);
		return this.walk.each(range, message, depth, wantedOfNode, (field) => {
			switch (field.number) {
				case N.attribute.number:
					return this.attribute(stretchOf(field, message), depth + 1, node);
				case N.input.number:
					node.inputs.push(nameOf(window, field, message));
					break;
				case N.output.number:
					node.outputs.push(nameOf(window, field, message));
					node.outputNames.push({ offset: field.start, length: field.length });
					break;
				case N.name.number:
					node.name = nameOf(window, field, message);
					break;
				case N.opType.number:
					node.opType = nameOf(window, field, message);
					break;
				case N.domain.number:
					node.domain = domainOf(nameOf(window, field, message));
					break;
				case N.docString.number:
					node.docString = docOf(window, field, message);
					break;
				case N.metadataProps.number:
					if (node.metadata === NOTHING) node.metadata = new Map();
					node.metadata.set(...entryOf(window, field, message));
			}
			return undefined;
		});
	}

	private attribute(
		range: ByteRange,
		depth: number,
		owner: { attributes: Map<string, Attribute> },
	): Pending {
		const { window } = this.walk;
		const message = 'AttributeProto';
		const held = new AttributeDraft();
		const keep = () => {
			if (owner.attributes === NOTHING) owner.attributes = new Map();
			owner.attributes.set(held.name, held.finished());
		};
		const pending = this.walk.each(range, message, depth, wantedOfAttribute, (field) => {
			switch (field.number) {
				case A.name.number:
					held.name = nameOf(window, field, message);
					break;
				case A.refAttrName.number:
					held.reference = nameOf(window, field, message);
					break;
				case A.type.number:
					held.type = field.value;
					break;
				case A.i.number:
					held.int = field.value;
					break;
				case A.f.number:
					held.float = field.value;
					break;
				case A.s.number:
					held.string = field.loaded ? textOf(window, field) : undefined;
					break;
				case A.strings.number:
					if (field.loaded) (held.strings ??= []).push(textOf(window, field));
					break;
				case A.ints.number:
					held.ints = held.longer(held.ints, field, integersOf(window, field, message));
					break;
				case A.floats.number:
					held.floats = held.longer(held.floats, field, floatsOf(window, field, message));
					break;
				case A.t.number:
					return readTensor(this.walk, stretchOf(field, message), depth + 1).then((tensor) => {
						held.tensor = tensor;
					});
				case A.g.number:
					held.graph ??= emptyGraph();
					return this.graph(stretchOf(field, message), depth + 1, held.graph);
				case A.graphs.number: {
					const graph = emptyGraph();
					(held.graphs ??= []).push(graph);
					return this.graph(stretchOf(field, message), depth + 1, graph);
				}
			}
			return undefined;
		});
		if (pending) return pending.then(keep);
		keep();
		return undefined;
	}
}

function domainOf(written: string): string {
	return written === 'ai.onnx' ? '' : written;
}
