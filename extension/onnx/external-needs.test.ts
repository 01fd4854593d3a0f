import { create } from '@bufbuild/protobuf';
import {
	StringStringEntryProtoSchema,
	TensorProto_DataLocation,
	TensorProtoSchema,
} from 'onnx-buf';
import { expect, it } from 'vitest';
import { constant, graph, model, node, tensor, value } from '../../test/models/build-model.ts';
import { bytesSource } from './bytes-source.ts';
import { externalNeeds } from './external-needs.ts';
import { indexModel } from './index-model.ts';

function outside(name: string, location: string, offset?: number, length?: number) {
	const entries = { location, ...(offset !== undefined && { offset }), ...(length && { length }) };
	const { dims, dataType } = tensor(name, [1], [0]);
	return create(TensorProtoSchema, {
		name,
		dims,
		dataType,
		dataLocation: TensorProto_DataLocation.EXTERNAL,
		externalData: Object.entries(entries).map(([key, held]) =>
			create(StringStringEntryProtoSchema, { key, value: String(held) }),
		),
	});
}

it('finds every file with weights, and how far each is read', async () => {
	const body = graph({
		initializer: [outside('deep', 'deep.bin', 4, 8)],
		node: [node('Identity', ['deep'], ['out'])],
		output: [value('out')],
	});
	const bytes = model({
		input: [value('x', 'float32', [1])],
		initializer: [
			outside('a', 'w.bin', 0, 100),
			outside('b', 'w.bin', 100, 20),
			tensor('c', [1], [1]),
		],
		node: [
			constant('d', outside('d', 'd.bin')),
			node('If', ['x'], ['y'], { then_branch: body, else_branch: body }),
		],
		output: [value('y')],
	});
	expect(externalNeeds(await indexModel(bytesSource(bytes)))).toEqual([
		{ location: 'w.bin', bytes: 120 },
		{ location: 'd.bin', bytes: 0 },
		{ location: 'deep.bin', bytes: 12 },
	]);
});

it('needs nothing else where all weights stand in the model', async () => {
	const bytes = model({ initializer: [tensor('c', [1], [1])], output: [value('c')] });
	expect(externalNeeds(await indexModel(bytesSource(bytes)))).toEqual([]);
});
