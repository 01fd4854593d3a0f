import { describe, expect, it } from 'vitest';
import { graph, model, node, value } from '../../test/models/build-model.ts';
import { bytesSource } from '../onnx/bytes-source.ts';
import { indexModel } from '../onnx/index-model.ts';
import { Facts } from './facts.ts';
import { flattenGraph } from './flatten.ts';
import { Scope } from './scope.ts';

async function shapesOf(bytes: Uint8Array, ...names: string[]) {
	const index = await indexModel(bytesSource(bytes));
	const flat = flattenGraph(index.graph, new Map(), [], null);
	const facts = new Facts(new Scope(flat, null, 17, null), null);
	return names.map((name) =>
		facts.shapeOf(name)?.map((dim) => (typeof dim === 'number' ? dim : null)),
	);
}

describe('what a loop returns', () => {
	it('has the shapes of its body, those of all turns with an axis for them', async () => {
		const body = graph({
			name: 'body',
			input: [value('i', 'int64', []), value('more', 'bool', []), value('s', 'float32', [2, 4])],
			output: [
				value('go', 'bool', []),
				value('t', 'float32', [2, 4]),
				value('o', 'float32', [2, 8]),
			],
			node: [
				node('Identity', ['more'], ['go']),
				node('Add', ['s', 's'], ['t']),
				node('Concat', ['s', 's'], ['o'], { axis: 1 }),
			],
		});
		const bytes = model(
			{
				name: 'main',
				input: [value('x', 'float32', [2, 4])],
				output: [value('y'), value('all')],
				node: [node('Loop', ['', '', 'x'], ['y', 'all'], { body })],
			},
			{},
		);
		expect(await shapesOf(bytes, 'y', 'all')).toEqual([
			[2, 4],
			[null, 2, 8],
		]);
	});
});
