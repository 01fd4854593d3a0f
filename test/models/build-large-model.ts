import { open, type FileHandle } from 'node:fs/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import { GraphProtoSchema, ModelProtoSchema, TensorProtoSchema } from 'onnx-buf';
import { float, node, value } from './build-model.ts';

type NodeInit = ReturnType<typeof node>;

interface Weight {
	readonly name: string;
	readonly dims: readonly number[];
}

export interface LargeModel {
	readonly bytes: number;
	readonly nodes: number;
	readonly tensors: number;
}

/**
 * Writes a decoder-only transformer of float32 weights: its graph as an exporter writes it, its weights unlike each
 * other at the beginning, as learned ones are, then all zero and, where the file system can, never stored.
 * @param width of the model, `D`; the feed-forward part is four times as wide
 */
export async function writeLargeModel(
	path: string,
	{ layers, width, vocabulary }: { layers: number; width: number; vocabulary: number },
): Promise<LargeModel> {
	const nodes: NodeInit[] = [node('Gather', ['embed', 'input_ids'], ['h.0'])];
	const weights: Weight[] = [{ name: 'embed', dims: [vocabulary, width] }];
	for (let layer = 0; layer < layers; layer++) addLayer(layer, width, nodes, weights);
	nodes.push(node('MatMul', [`h.${layers}`, 'head'], ['logits']));
	weights.push({ name: 'head', dims: [width, vocabulary] });
	const file = await open(path, 'w');
	try {
		const bytes = await write(file, nodes, weights);
		return { bytes, nodes: nodes.length, tensors: weights.length };
	} finally {
		await file.close();
	}
}

function addLayer(layer: number, D: number, nodes: NodeInit[], weights: Weight[]): void {
	const at = (name: string) => `/layers.${layer}/${name}`;
	const weight = (name: string, ...dims: number[]) => {
		weights.push({ name: `layers.${layer}.${name}`, dims });
		return `layers.${layer}.${name}`;
	};
	const add = (opType: string, inputs: string[], output: string, attributes = {}) => {
		nodes.push(
			node(opType, inputs, [output], attributes, { name: output.replace(/_output_0$/, '') }),
		);
		return output;
	};
	const linear = (name: string, x: string, rows: number, columns: number) => {
		const product = add(
			'MatMul',
			[x, weight(`${name}.weight`, rows, columns)],
			at(`${name}/MatMul_output_0`),
		);
		return add('Add', [product, weight(`${name}.bias`, columns)], at(`${name}/Add_output_0`));
	};
	const norm = (name: string, x: string) => {
		const parts = [x, weight(`${name}.weight`, D), weight(`${name}.bias`, D)];
		const attributes = { axis: -1, epsilon: float(1e-5) };
		return add('LayerNormalization', parts, at(`${name}/LayerNormalization_output_0`), attributes);
	};
	const input = `h.${layer}`;
	const packed = linear('attn/qkv', norm('norm1', input), D, 3 * D);
	const [q, k, v] = [at('attn/q'), at('attn/k'), at('attn/v')];
	nodes.push(node('Split', [packed], [q, k, v], { axis: -1 }));
	const keys = add('Transpose', [k], at('attn/Transpose_output_0'), { perm: [0, 2, 1] });
	const scores = add('MatMul', [q, keys], at('attn/MatMul_output_0'));
	const weighted = add('Softmax', [scores], at('attn/Softmax_output_0'), { axis: -1 });
	const mixed = add('MatMul', [weighted, v], at('attn/MatMul_1_output_0'));
	const first = add('Add', [input, linear('attn/out', mixed, D, D)], at('Add_output_0'));
	const hidden = add(
		'Relu',
		[linear('mlp/up', norm('norm2', first), D, 4 * D)],
		at('mlp/Relu_output_0'),
	);
	add('Add', [first, linear('mlp/down', hidden, 4 * D, D)], `h.${layer + 1}`);
}

/** The first numbers of a weight. */
const learned = new Uint8Array(Float32Array.from({ length: 64 }, (_, i) => Math.sin(i + 1)).buffer);

async function write(file: FileHandle, nodes: NodeInit[], weights: Weight[]): Promise<number> {
	const input = [value('input_ids', 'int64', ['batch', 'seq'])];
	const output = [value('logits', 'float32', ['batch', 'seq', null])];
	const rest = { name: 'main', node: nodes, input, output };
	const graph = toBinary(GraphProtoSchema, create(GraphProtoSchema, rest));
	const tensors = weights.map(({ name, dims }) => {
		const init = { name, dims: dims.map((size) => BigInt(size)), dataType: 1 };
		const described = toBinary(TensorProtoSchema, create(TensorProtoSchema, init));
		const data = 4 * dims.reduce((product, size) => product * size, 1);
		const head = Buffer.concat([described, lengthHead(9, data)]);
		return { head: Buffer.concat([lengthHead(5, head.length + data), head]), data };
	});
	const opsetImport = [{ domain: '', version: 17n }];
	const model = { irVersion: 8n, producerName: 'benchmark', opsetImport };
	const length = tensors.reduce((sum, { head, data }) => sum + head.length + data, graph.length);
	let at = 0;
	const put = async (bytes: Uint8Array) => {
		await file.write(bytes, 0, bytes.length, at);
		at += bytes.length;
	};
	await put(toBinary(ModelProtoSchema, create(ModelProtoSchema, model)));
	await put(lengthHead(7, length));
	await put(graph);
	for (const { head, data } of tensors) {
		await put(head);
		await file.write(learned, 0, learned.length, at);
		at += data;
	}
	await file.truncate(at);
	return at;
}

/** Tag and length of a length-delimited field. */
function lengthHead(number: number, length: number): Uint8Array {
	const bytes = [number * 8 + 2];
	let left = length;
	for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
	return Uint8Array.from([...bytes, left]);
}
