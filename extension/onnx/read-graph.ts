import {
	AttributeProtoSchema,
	FunctionProtoSchema,
	GraphProtoSchema,
	NodeProtoSchema,
} from 'onnx-buf';
import { AttributeDraft } from './attribute-draft.ts';
import { FormatError } from './byte-source.ts';
import { LENGTH_DELIMITED, type Field, type FieldWalk } from './fields.ts';
import { docOf, entryOf, integersOf, nameOf, textOf, unpack, valueInfoOf } from './leaves.ts';
import { MAX_LIST, MAX_NAME_BYTES, MAX_NODES, MAX_TEXT_BYTES } from './limits.ts';
import { emptyGraph, type GraphDraft } from './graph-draft.ts';
import type {
	Attribute,
	ByteRange,
	ConstantTensor,
	GraphNode,
	LocalFunction,
} from './model-index.ts';
import { readSparseTensor, readTensor, stretchOf, wholeOf } from './read-tensor.ts';

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
	async graph(range: ByteRange, depth: number, graph: GraphDraft): Promise<void> {
		const { window } = this.walk;
		const message = 'GraphProto';
		const value = (field: Field) => valueInfoOf(window, field);
		const keep = (tensor: ConstantTensor) => void graph.initializers.set(tensor.name, tensor);
		await this.walk.each(range, message, depth, wantedOfGraph, (field) => {
			switch (field.number) {
				case G.node.number:
					return this.node(field, depth + 1).then((node) => void graph.nodes.push(node));
				case G.initializer.number:
					return readTensor(this.walk, stretchOf(field, message), depth + 1).then(keep);
				case G.sparseInitializer.number:
					return readSparseTensor(this.walk, stretchOf(field, message), depth + 1).then(keep);
				case G.name.number:
					graph.name = nameOf(window, field, message);
					return;
				case G.input.number:
					graph.inputs.push(value(field));
					return;
				case G.output.number:
					graph.outputs.push(value(field));
					return;
				case G.valueInfo.number: {
					const info = value(field);
					graph.valueInfo.set(info.name, info);
					return;
				}
				case G.metadataProps.number:
					graph.metadata.set(...entryOf(window, field, message));
					return;
			}
		});
	}

	async function(range: ByteRange, depth: number): Promise<LocalFunction> {
		const { window } = this.walk;
		const message = 'FunctionProto';
		const local = { domain: '', name: '', overload: '', docString: '' };
		const [inputs, outputs, nodes]: [string[], string[], GraphNode[]] = [[], [], []];
		const attributes = new Map<string, Attribute>();
		const metadata = new Map<string, string>();
		await this.walk.each(range, message, depth, wantedOfFunction, (field) => {
			switch (field.number) {
				case F.node.number:
					return this.node(field, depth + 1).then((node) => void nodes.push(node));
				case F.attributeProto.number:
					return this.attribute(stretchOf(field, message), depth + 1, attributes);
				case F.name.number:
					local.name = nameOf(window, field, message);
					return;
				case F.domain.number:
					local.domain = domainOf(nameOf(window, field, message));
					return;
				case F.overload.number:
					local.overload = nameOf(window, field, message);
					return;
				case F.input.number:
					inputs.push(nameOf(window, field, message));
					return;
				case F.output.number:
					outputs.push(nameOf(window, field, message));
					return;
				case F.docString.number:
					local.docString = docOf(window, field, message);
					return;
				case F.metadataProps.number:
					metadata.set(...entryOf(window, field, message));
					return;
			}
		});
		return { ...local, inputs, outputs, nodes, attributes, metadata };
	}

	private async node(whole: Field, depth: number): Promise<GraphNode> {
		if (++this.nodes > MAX_NODES) {
			throw new FormatError('unsupported', whole.at, `The model has more than ${MAX_NODES} nodes`);
		}
		const { window } = this.walk;
		const message = 'NodeProto';
		const range = stretchOf(whole, 'GraphProto');
		const [inputs, outputs, outputNames]: [string[], string[], ByteRange[]] = [[], [], []];
		const attributes = new Map<string, Attribute>();
		const metadata = new Map<string, string>();
		let [name, opType, domain, docString] = ['', '', '', ''];
		await this.walk.each(range, message, depth, wantedOfNode, (field) => {
			switch (field.number) {
				case N.attribute.number:
					return this.attribute(stretchOf(field, message), depth + 1, attributes);
				case N.input.number:
					inputs.push(nameOf(window, field, message));
					return;
				case N.output.number:
					outputs.push(nameOf(window, field, message));
					outputNames.push({ offset: field.start, length: field.length });
					return;
				case N.name.number:
					name = nameOf(window, field, message);
					return;
				case N.opType.number:
					opType = nameOf(window, field, message);
					return;
				case N.domain.number:
					domain = domainOf(nameOf(window, field, message));
					return;
				case N.docString.number:
					docString = docOf(window, field, message);
					return;
				case N.metadataProps.number:
					metadata.set(...entryOf(window, field, message));
					return;
			}
		});
		return {
			name,
			opType,
			domain,
			inputs,
			outputs,
			attributes,
			docString,
			metadata,
			outputNames,
			...wholeOf(whole),
		};
	}

	private async attribute(
		range: ByteRange,
		depth: number,
		into: Map<string, Attribute>,
	): Promise<void> {
		const { window } = this.walk;
		const message = 'AttributeProto';
		const held = new AttributeDraft();
		const graph = async (field: Field, draft: GraphDraft) => {
			await this.graph(stretchOf(field, message), depth + 1, draft);
		};
		await this.walk.each(range, message, depth, wantedOfAttribute, (field) => {
			switch (field.number) {
				case A.name.number:
					held.name = nameOf(window, field, message);
					return;
				case A.refAttrName.number:
					held.reference = nameOf(window, field, message);
					return;
				case A.type.number:
					held.type = field.value;
					return;
				case A.i.number:
					held.int = field.value;
					return;
				case A.f.number:
					held.float = field.value;
					return;
				case A.s.number:
					held.string = field.loaded ? textOf(window, field) : undefined;
					return;
				case A.strings.number:
					if (field.loaded) held.strings.push(textOf(window, field));
					return;
				case A.ints.number:
					held.add(held.ints, field, () => integersOf(window, field, message));
					return;
				case A.floats.number:
					held.add(held.floats, field, () =>
						field.wire === LENGTH_DELIMITED
							? unpack(window, field, message, (reader) => reader.float())
							: [field.value],
					);
					return;
				case A.t.number:
					return readTensor(this.walk, stretchOf(field, message), depth + 1).then((tensor) => {
						held.tensor = tensor;
					});
				case A.g.number:
					return graph(field, (held.graph ??= emptyGraph()));
				case A.graphs.number: {
					const draft = emptyGraph();
					held.graphs.push(draft);
					return graph(field, draft);
				}
			}
		});
		into.set(held.name, held.finished());
	}
}

function domainOf(written: string): string {
	return written === 'ai.onnx' ? '' : written;
}
