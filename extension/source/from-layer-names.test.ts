import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { linksOf, marked, namedNode, placeOf, python } from '../../test/models/named-model.ts';

/** Sections `=== what it is: name of the node that mixes`, with the step of the ladder where it is another, the files of each headed by `--- path`. */
const cases = readFileSync(new URL('../../test/models/layer-names.txt', import.meta.url), 'utf8')
	.split(/^=== /m)
	.slice(1)
	.map((section) => {
		const [, of = '', node = ''] = /^(.*): (\S+)$/m.exec(section) ?? [];
		const weights = /^weights: (.*)$/m.exec(section)?.[1]?.split(' ') ?? [];
		const how = /^how: (.*)$/m.exec(section)?.[1] ?? 'layer-name';
		const files = section.split(/^--- /m).slice(1);
		const texts = files.map((file) => [
			file.slice(0, file.indexOf('\n')),
			file.slice(file.indexOf('\n') + 1),
		]);
		const texted = python(Object.fromEntries(texts) as Record<string, string>);
		return { of, node, weights, how, files: texted };
	});

const linkedTo = (node: string, weights: readonly string[], files: ReturnType<typeof python>) => {
	const nodes = [
		namedNode(node, { inputs: ['product'] }),
		namedNode('', { inputs: weights, outputs: ['product'] }),
	];
	const path = node.includes('/') ? node.slice(0, node.lastIndexOf('/')) : '';
	return linksOf(nodes, { path, tensors: { q: 'product' } }, files, { weights });
};

describe('the name of a layer leads to the call that builds it', () => {
	it.each(cases.map((one) => [one.of, one] as const))(
		'%s',
		(_of, { node, weights, how, files }) => {
			const links = linkedTo(node, weights, files);
			expect({
				class: placeOf(links, 'class'),
				build: placeOf(links, 'build'),
				call: placeOf(links, 'call'),
				how: [...new Set(links.map(({ how }) => how))],
			}).toEqual({
				class: marked(files, 'class')[0],
				build: marked(files, 'build')[0],
				call: marked(files, 'call')[0],
				how: [how],
			});
		},
	);

	it('and is less sure where several fit', () => {
		const block = (name: string) => `
class ${name}(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.attention = keras.layers.MultiHeadAttention(2, 8)
`;
		const one = python({ 'm.py': `import keras\n${block('Block')}` });
		const two = python({ 'm.py': `import keras\n${block('Block')}${block('Other')}` });
		const sure = [one, two].map(
			(files) => linkedTo('model/multi_head_attention_4/Softmax', [], files)[0]?.confidence,
		);
		expect(sure[1]).toBeCloseTo(sure[0]! / 2, 12);
	});

	it('but not where no name of it says so', () => {
		const [{ files }] = cases as [(typeof cases)[number]];
		expect(linkedTo('model/dense_3/Softmax', [], files)).toEqual([]);
		expect(linkedTo('StatefulPartitionedCall/Softmax', [], files)).toEqual([]);
	});
});
