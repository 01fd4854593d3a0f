import { ModelProtoSchema } from 'onnx-buf';
import { FormatError, type ByteSource } from './byte-source.ts';
import { ByteWindow } from './byte-window.ts';
import { FieldWalk, type Field, type Pending } from './fields.ts';
import { docOf, entryOf, opsetOf } from './leaves.ts';
import { MAX_TEXT_BYTES } from './limits.ts';
import type { ModelIndex, Opset } from './model-index.ts';
import { stretchOf } from './field-ranges.ts';
import { emptyGraph, type FunctionDraft, type GraphDraft } from './graph-draft.ts';
import { GraphReader } from './read-graph.ts';
import { recogniseOther, RECOGNISED_BYTES } from './recognise.ts';

const M = ModelProtoSchema.field;

const wanted = new Map<number, number>([
	[M.producerName.number, MAX_TEXT_BYTES],
	[M.producerVersion.number, MAX_TEXT_BYTES],
	[M.opsetImport.number, MAX_TEXT_BYTES],
	[M.metadataProps.number, MAX_TEXT_BYTES],
]);

const EXPECTED = 'Expected an ONNX model in its binary form';

/**
 * Reads what a model consists of, passing over its weights by seeking.
 *
 * @throws FormatError with the byte offset where the file stopped being a model; the signal's reason when aborted
 */
export async function indexModel(source: ByteSource, signal?: AbortSignal): Promise<ModelIndex> {
	const window = new ByteWindow(source, signal);
	if (source.size === 0) throw new FormatError('truncated', 0, `${EXPECTED}; the file is empty`);
	const headLength = Math.min(RECOGNISED_BYTES, source.size);
	await window.load(0, headLength);
	const other = recogniseOther(window.view(0, headLength));
	if (other !== null) throw new FormatError('unsupported', 0, `${EXPECTED}; this is ${other}`);
	return readModel(window);
}

async function readModel(window: ByteWindow): Promise<ModelIndex> {
	const message = 'ModelProto';
	const walk = new FieldWalk(window);
	const reader = new GraphReader(walk);
	const found: { graph?: GraphDraft } = {};
	const opsets: Opset[] = [];
	const functions: FunctionDraft[] = [];
	const metadata = new Map<string, string>();
	const producer = { name: '', version: '' };
	let irVersion = 0;
	const visit = (field: Field): Pending => {
		switch (field.number) {
			case M.graph.number:
				found.graph ??= emptyGraph();
				return reader.graph(stretchOf(field, message), 1, found.graph);
			case M.functions.number:
				return reader.function(stretchOf(field, message), 1, functions);
			case M.irVersion.number:
				irVersion = field.value;
				break;
			case M.producerName.number:
				producer.name = docOf(window, field, message);
				break;
			case M.producerVersion.number:
				producer.version = docOf(window, field, message);
				break;
			case M.opsetImport.number:
				opsets.push(opsetOf(window, field));
				break;
			case M.metadataProps.number:
				metadata.set(...entryOf(window, field, message));
				break;
		}
	};
	await walk.each({ offset: 0, length: window.size }, message, 0, wanted, visit);
	const { graph } = found;
	if (!graph) {
		throw new FormatError('inconsistent', window.size, `${EXPECTED}; the file holds no graph`);
	}
	const { size: bytes, bytesRead } = window;
	return { bytes, bytesRead, irVersion, opsets, producer, graph, functions, metadata };
}
