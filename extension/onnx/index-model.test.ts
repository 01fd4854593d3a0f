import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import {
	AttributeProto_AttributeType,
	ModelProtoSchema,
	TensorProto_DataLocation,
	type NodeProto,
} from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import {
	constant,
	float,
	graph,
	model,
	node,
	tensor,
	value,
	type AttributeValue,
} from '../../test/models/build-model.ts';
import type { ByteSource } from './byte-source.ts';
import { bytesSource } from './bytes-source.ts';
import { indexModel } from './index-model.ts';
import type { Attribute, ModelIndex } from './model-index.ts';

const indexed = (bytes: Uint8Array) => indexModel(bytesSource(bytes));
const utf8 = new TextDecoder();

/** What the generated reader makes of an attribute, in the index's words. */
function attributeOf(held: NodeProto['attribute'][number]): unknown {
	if (held.t) return held.t.dims.map(Number);
	if (held.ints.length > 0) return held.ints.map(Number);
	if (held.s.length > 0) return utf8.decode(held.s);
	return held.f || Number(held.i);
}

function valueOf(held: Attribute): unknown {
	if (held.kind === 'tensor') return held.value.dims;
	return held.kind === 'other' ? undefined : held.value;
}

describe('the sample', () => {
	const bytes = new Uint8Array(readFileSync('samples/mqar-softmax/model.onnx'));
	const whole = fromBinary(ModelProtoSchema, bytes);
	const textAt = ({ offset, length }: { offset: number; length: number }) =>
		utf8.decode(bytes.subarray(offset, offset + length));

	it('has the nodes that a reader of the whole file finds', async () => {
		const { graph } = await indexed(bytes);
		const expected = whole.graph!.node.map(
			({ name, opType, input, output, docString, attribute }) => [
				[name, opType, input, output, docString],
				attribute.map((held) => [held.name, attributeOf(held)]),
			],
		);
		const found = graph.nodes.map(({ name, opType, inputs, outputs, docString, attributes }) => [
			[name, opType, inputs, outputs, docString],
			Array.from(attributes, ([key, held]) => [key, valueOf(held)]),
		]);
		expect(found).toEqual(expected);
	});

	it('has the weights, and where they stand', async () => {
		const { graph } = await indexed(bytes);
		expect(graph.initializers.size).toBe(whole.graph!.initializer.length);
		for (const { name, dims, rawData } of whole.graph!.initializer) {
			const found = graph.initializers.get(name)!;
			expect(found.dims).toEqual(dims.map(Number));
			const { offset, length } = found.data!;
			expect(Buffer.compare(bytes.subarray(offset, offset + length), rawData)).toBe(0);
			expect(textAt(found.nameBytes!)).toBe(name);
		}
	});

	it('has what the file says of itself', async () => {
		const index = await indexed(bytes);
		const { opsets, irVersion, producer } = index;
		expect({ opsets, irVersion, producer }).toMatchObject({
			opsets: [{ domain: '', version: 17 }],
			irVersion: 8,
			producer: { name: 'pytorch', version: whole.producerVersion },
		});
		expect(index.graph.inputs).toEqual([
			{ name: 'input_ids', dtype: 'int64', shape: ['batch', 'seq'] },
		]);
		expect(index.graph.outputs[0]?.shape).toEqual(['batch', 'seq', 256]);
	});

	it('knows where every output name and node stands', async () => {
		for (const { outputs, outputNames, field } of (await indexed(bytes)).graph.nodes) {
			expect(outputNames.map(textAt)).toEqual(outputs);
			expect(bytes[field!.offset]).toBe(0x0a);
		}
	});
});

/** Counts what is asked of a model whose weights are said to be there, but never were written. */
class HollowSource implements ByteSource {
	reads = 0;
	constructor(
		private readonly head: Uint8Array,
		private readonly weights: number,
		private readonly tail: Uint8Array,
	) {}

	get size(): number {
		return this.head.length + this.weights + this.tail.length;
	}

	read(offset: number, length: number): Promise<Uint8Array> {
		this.reads++;
		const bytes = new Uint8Array(length);
		const copy = (part: Uint8Array, at: number) => {
			for (let i = 0; i < length; i++) bytes[i] = part[offset + i - at] ?? bytes[i]!;
		};
		copy(this.head, 0);
		copy(this.tail, this.head.length + this.weights);
		return Promise.resolve(bytes);
	}
}

describe('weights', () => {
	it('of four gigabytes are passed over', async () => {
		const weights = 2 ** 32 + 5;
		const name = field(8, new TextEncoder().encode('w'));
		const raw = [varint(9 * 8 + 2), varint(weights)];
		const inner = name.length + lengthOf(raw) + weights;
		const rest = field(2, new TextEncoder().encode('main'));
		const tensorHead = [varint(5 * 8 + 2), varint(inner)];
		const graphLength = lengthOf(tensorHead) + inner + rest.length;
		const parts = [varint(7 * 8 + 2), varint(graphLength), ...tensorHead, name, ...raw];
		const source = new HollowSource(new Uint8Array(Buffer.concat(parts)), weights, rest);
		const index = await indexModel(source);
		expect(index.graph.name).toBe('main');
		expect(index.graph.initializers.get('w')?.data?.length).toBe(weights);
		expect(index.bytesRead).toBeLessThan(10_000);
		expect(source.reads).toBeLessThan(6);
	});

	it.each(['float32', 'float64', 'int64', 'int32', 'uint8', 'int8', 'bool'] as const)(
		'of type %s are read where they are few',
		async (dtype) => {
			const { graph } = await indexed(model({ initializer: [tensor('w', [3], [0, 1, 1], dtype)] }));
			expect(graph.initializers.get('w')).toMatchObject({ dtype, dims: [3], values: [0, 1, 1] });
		},
	);

	it.each([
		['float_data', { dataType: 1, floatData: [0.5, -2] }, [0.5, -2]],
		['double_data', { dataType: 11, doubleData: [0.1, -2] }, [0.1, -2]],
		['int64_data', { dataType: 7, int64Data: [-1n, 2n ** 40n] }, [-1, 2 ** 40]],
		['int32_data', { dataType: 6, int32Data: [-1, 7] }, [-1, 7]],
		['int32_data of half floats', { dataType: 10, int32Data: [0x3800, 0xc000] }, [0.5, -2]],
		['int32_data of brain floats', { dataType: 16, int32Data: [0x3f00, 0xc000] }, [0.5, -2]],
		['uint64_data', { dataType: 13, uint64Data: [1n, 2n ** 63n] }, [1, 2 ** 63]],
	])('are read from %s', async (_field, data, values) => {
		const { graph } = await indexed(model({ initializer: [{ name: 'w', dims: [2n], ...data }] }));
		expect(graph.initializers.get('w')).toMatchObject({ values, data: null });
	});

	it('are left alone where they are many, text, or do not fit their shape', async () => {
		const initializer = [
			tensor(
				'many',
				[257],
				Array.from({ length: 257 }, () => 1),
			),
			{ name: 'text', dims: [1n], dataType: 8, stringData: [new Uint8Array([65])] },
			{ name: 'short', dims: [4n], dataType: 1, rawData: new Uint8Array(12) },
			{ name: 'empty', dims: [0n, 5n], dataType: 1 },
		];
		const { graph } = await indexed(model({ initializer }));
		const values = Array.from(graph.initializers.values(), (held) => held.values);
		expect(values).toEqual([null, null, null, []]);
	});

	it('in another file are located', async () => {
		const { graph } = await indexed(
			external({ location: 'sub/w.bin', offset: '4096', length: '16' }),
		);
		expect(graph.initializers.get('w')?.external).toEqual({
			location: 'sub/w.bin',
			offset: 4096,
			length: 16,
		});
	});

	it.each(['/etc/passwd', '../w.bin', 'a/../../w.bin', 'C:\\w.bin', '..\\w.bin', 'file:w', '.'])(
		'are refused at %j, outside the folder of the model',
		async (location) => {
			await expect(indexed(external({ location }))).rejects.toMatchObject({
				name: 'FormatError',
				reason: 'unsupported',
			});
		},
	);

	it('need a location and offsets that are numbers', async () => {
		await expect(indexed(external({}))).rejects.toThrow(/needs a location/);
		await expect(indexed(external({ location: 'w', offset: '-1' }))).rejects.toThrow(
			/expected offset/,
		);
	});
});

function external(entries: Record<string, string>): Uint8Array {
	const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
	const held = {
		name: 'w',
		dims: [2n],
		dataType: 1,
		dataLocation: TensorProto_DataLocation.EXTERNAL,
		externalData,
	};
	return model({ initializer: [held] });
}

describe('what a model can hold', () => {
	it.each<[string, AttributeValue, Attribute]>([
		['int', -3, { kind: 'int', value: -3 }],
		['float', float(2), { kind: 'float', value: 2 }],
		['string', 'gated_delta', { kind: 'string', value: 'gated_delta' }],
		['ints', [0, 2, 1], { kind: 'ints', value: [0, 2, 1] }],
		['floats', { floats: [0.5, 2] }, { kind: 'floats', value: [0.5, 2] }],
		['strings', ['a', 'b'], { kind: 'strings', value: ['a', 'b'] }],
		['reference', { reference: 'alpha' }, { kind: 'reference', value: 'alpha' }],
	])('reads an attribute of kind %s', async (_kind, given, expected) => {
		const { graph } = await indexed(model({ node: [node('Op', [], ['y'], { key: given })] }));
		expect(graph.nodes[0]?.attributes.get('key')).toEqual(expected);
	});

	it('reads the value of a Constant node', async () => {
		const { graph } = await indexed(
			model({ node: [constant('c', tensor('', [2], [3, 4], 'int64'))] }),
		);
		const held = graph.nodes[0]?.attributes.get('value');
		expect(held).toMatchObject({ kind: 'tensor', value: { dims: [2], values: [3, 4] } });
	});

	it('reads the bodies of control flow', async () => {
		const inner = graph({ name: 'inner', node: [node('Neg', ['x'], ['y'])], output: [value('y')] });
		const body = graph({ name: 'outer', node: [node('If', ['c'], ['y'], { then_branch: inner })] });
		const index = await indexed(model({ node: [node('Loop', ['n', 'c'], ['y'], { body })] }));
		const outer = index.graph.nodes[0]?.attributes.get('body');
		if (outer?.kind !== 'graph') throw new Error('the body is missing');
		const found = outer.value.nodes[0]?.attributes.get('then_branch');
		expect(found).toMatchObject({
			kind: 'graph',
			value: { name: 'inner', nodes: [{ opType: 'Neg' }] },
		});
	});

	it('reads local functions, metadata and every kind of value type', async () => {
		const metadataProps = [{ key: 'namespace', value: 'layers.0' }];
		const sequence = {
			value: { case: 'sequenceType', value: { elemType: value('').type! } },
		} as const;
		const index = await indexed(
			model(
				{
					metadataProps,
					node: [node('Mixer', ['x'], ['y'], {}, { domain: 'ai.onnx', metadataProps })],
					valueInfo: [value('h', 'float16', ['n', null, 3]), { name: 's', type: sequence }],
				},
				{
					metadataProps,
					functions: [
						{
							domain: 'my.layers',
							name: 'Mixer',
							input: ['p'],
							output: ['q'],
							attribute: ['heads'],
							attributeProto: [{ name: 'scale', type: AttributeProto_AttributeType.FLOAT, f: 0.5 }],
							metadataProps,
							node: [node('Neg', ['p'], ['q'])],
						},
					],
				},
			),
		);
		const metadata = new Map([['namespace', 'layers.0']]);
		expect(index.functions[0]).toMatchObject({
			name: 'Mixer',
			inputs: ['p'],
			outputs: ['q'],
			metadata,
		});
		expect(index.functions[0]?.attributes.get('scale')).toEqual({ kind: 'float', value: 0.5 });
		expect([index.metadata, index.graph.metadata, index.graph.nodes[0]?.metadata]).toEqual(
			Array.from({ length: 3 }, () => metadata),
		);
		expect(index.graph.nodes[0]?.domain).toBe('');
		expect([...index.graph.valueInfo.values()]).toEqual([
			{ name: 'h', dtype: 'float16', shape: ['n', null, 3] },
			{ name: 's', dtype: 'sequence(float32)', shape: null },
		]);
	});

	it('adds up a graph that comes in pieces, as a patched model does', async () => {
		const pieces = [
			model({ node: [node('Neg', ['x'], ['h'])] }),
			model({ node: [node('Neg', ['h'], ['y'])], output: [value('y')] }),
		];
		const index: ModelIndex = await indexed(new Uint8Array(Buffer.concat(pieces)));
		expect(index.graph.nodes.map(({ outputs }) => outputs[0])).toEqual(['h', 'y']);
		expect(index.graph.outputs).toHaveLength(1);
	});
});

function lengthOf(parts: readonly Uint8Array[]): number {
	return parts.reduce((sum, { length }) => sum + length, 0);
}

/** A length-delimited field. */
function field(number: number, bytes: Uint8Array): Uint8Array {
	return new Uint8Array(Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]));
}

function varint(value: number): Uint8Array {
	const bytes: number[] = [];
	let left = value;
	for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
	return Uint8Array.from([...bytes, left]);
}

describe('a bad file', () => {
	const text = (written: string) => new TextEncoder().encode(written);
	const nested = (levels: number) => {
		let body = graph({ node: [node('Neg', ['x'], ['y'])] });
		for (let i = 0; i < levels; i++) body = graph({ node: [node('Loop', [], [], { body })] });
		return model(body);
	};
	const zip = Uint8Array.from([0x50, 0x4b, 3, 4, 0, 0]);
	it.each<[string, Uint8Array, string, RegExp]>([
		['of no bytes', new Uint8Array(), 'truncated', /file is empty/],
		['of JSON', text('{\n  "irVersion": "8", "graph": {}}'), 'unsupported', /ONNX as JSON/],
		['of protobuf text', text('ir_version: 8\ngraph {\n}'), 'unsupported', /ONNX as text/],
		[
			'of ONNX text',
			text('<\n  ir_version: 8\n>\nmain () => () {}'),
			'unsupported',
			/ONNX as text/,
		],
		['in the ORT format', text('\x14\0\0\0ORTM\0\0'), 'unsupported', /ORT format/],
		[
			'that is a pointer',
			text('version https://git-lfs.github.com/spec/v1\n'),
			'unsupported',
			/Git LFS/,
		],
		['that is a checkpoint', zip, 'unsupported', /zip archive/],
		['of zeros', new Uint8Array(100), 'inconsistent', /no protobuf field has tag 0/],
		['of prose', text('Attention is all you need.'), 'inconsistent', /wire type/],
		['with nothing but a version', Uint8Array.from([8, 8]), 'inconsistent', /holds no graph/],
		[
			'cut in its graph',
			model({ name: 'main' }).subarray(0, 20),
			'truncated',
			/to the end of the file/,
		],
		['nested without end', nested(40), 'unsupported', /nest deeper/],
		[
			'with a size below zero',
			model({ initializer: [{ dims: [-1n] }] }),
			'inconsistent',
			/came -1/,
		],
	])(
		'%s is refused with the place and what was expected',
		async (_what, bytes, reason, message) => {
			const error: unknown = await indexed(bytes).catch((thrown: unknown) => thrown);
			expect(error).toMatchObject({ name: 'FormatError', reason });
			expect((error as Error).message).toMatch(message);
			expect((error as Error).message).toMatch(/\(byte \d+\)$/);
		},
	);

	it('can be left at any time', async () => {
		const controller = new AbortController();
		controller.abort();
		const bytes = model({ name: 'main' });
		await expect(indexModel(bytesSource(bytes), controller.signal)).rejects.toThrow(/abort/i);
	});
});
