import { TensorProto_DataLocation } from 'onnx-buf';
import { constant, float, graph, model, node, tensor, value } from './build-model.ts';

/** A model of under 2 KiB with every kind of message and field that the index reads. */
export function everything(): Uint8Array {
	const metadataProps = [{ key: 'pkg.torch.onnx.stack_trace', value: 'File "m.py", line 3' }];
	const body = graph({
		name: 'body',
		input: [value('i', 'int64', [])],
		output: [value('s', 'float32', ['n', 2])],
		initializer: [tensor('inner', [2], [1, 2])],
		node: [node('Add', ['h', 'inner'], ['s'])],
	});
	return model(
		{
			name: 'main',
			metadataProps,
			docString: 'a graph',
			input: [value('x', 'float32', ['batch', 2])],
			output: [value('y', 'float32', [null, 2])],
			valueInfo: [value('h')],
			initializer: [
				tensor('w', [2], [0.5, -1]),
				{ name: 'typed', dims: [3n], dataType: 7, int64Data: [1n, -1n, 2n ** 40n] },
				{
					name: 'away',
					dims: [4n],
					dataType: 1,
					dataLocation: TensorProto_DataLocation.EXTERNAL,
					externalData: [
						{ key: 'location', value: 'w.bin' },
						{ key: 'offset', value: '16' },
					],
				},
			],
			sparseInitializer: [
				{
					dims: [9n],
					values: tensor('thin', [1], [3]),
					indices: tensor('', [1], [4], 'int64'),
				},
			],
			node: [
				constant('c', tensor('', [2], [7, 8], 'int64')),
				node(
					'Mixer',
					['x', '', 'w'],
					['h', ''],
					{
						heads: 2,
						scale: float(0.5),
						rule: 'delta',
						axes: [1, -1],
						slopes: { floats: [0.5, 0.25] },
						names: ['a', 'b'],
					},
					{ domain: 'my.layers', docString: 'm.py(3): forward', metadataProps },
				),
				node('Loop', ['c', '', 'h'], ['y'], { body }),
			],
		},
		{
			producerVersion: '1',
			metadataProps,
			functions: [
				{
					domain: 'my.layers',
					name: 'Mixer',
					overload: 'one',
					input: ['p'],
					output: ['q'],
					attribute: ['heads'],
					attributeProto: [{ name: 'scale', f: 1 }],
					docString: 'a layer',
					metadataProps,
					node: [node('Mul', ['p', 'p'], ['q'], { alpha: { reference: 'heads' } })],
				},
			],
			opsetImport: [
				{ domain: '', version: 17n },
				{ domain: 'my.layers', version: 1n },
			],
		},
	);
}
