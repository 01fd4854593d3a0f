import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { bytesSource } from '../onnx/bytes-source.ts';
import { indexModel } from '../onnx/index-model.ts';
import { findTensors, listTensors } from './list-tensors.ts';

const index = await indexModel(bytesSource(readFileSync('samples/mqar-softmax/model.onnx')));

it('lists activations in graph order, with shape and what they are made from, and no sizes or weights', () => {
	const tensors = listTensors(index);
	const order = index.graph.nodes.flatMap(({ outputs }) => outputs);
	const places = tensors.map(({ name }) => order.indexOf(name));
	expect(places).toEqual(places.toSorted((a, b) => a - b));
	expect(tensors.every(({ op, dtype }) => op !== 'Shape' && dtype === 'float32')).toBe(true);
	const mixed = tensors.find(({ name }) => name === '/layers.0/mixer/MatMul_1_output_0');
	expect(mixed).toMatchObject({
		op: 'MatMul',
		path: '/layers.0/mixer',
		shape: ['batch', 2, 'seq', 32],
		inputs: ['/layers.0/mixer/Softmax_output_0', '/layers.0/mixer/Transpose_1_output_0'],
	});
});

it('finds by all words of name, operator and module, in any case, a part at a time', () => {
	const found = findTensors(index, { words: 'layers.1 softmax', from: 0, most: 9 });
	expect(found.tensors.map(({ name }) => name)).toEqual(['/layers.1/mixer/Softmax_output_0']);
	const all = findTensors(index, { words: 'MIXER', from: 0, most: 1000 });
	const part = findTensors(index, { words: 'mixer', from: 3, most: 2 });
	expect(part).toEqual({ tensors: all.tensors.slice(3, 5), total: all.total });
	expect(findTensors(index, { words: 'nothing', from: 0, most: 9 })).toEqual({ tensors: [], total: 0 }); // prettier-ignore
});
