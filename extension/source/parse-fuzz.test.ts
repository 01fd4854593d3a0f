import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { linksOf, marked, namedNode, placeOf, python } from '../../test/models/named-model.ts';
import { blocksOf } from './split-blocks.ts';

const idioms = readFileSync(
	new URL('../../test/models/module-idioms.txt', import.meta.url),
	'utf8',
);
const layers = readFileSync(new URL('../../test/models/layer-names.txt', import.meta.url), 'utf8');

/** A generator of numbers from 0 to 1 that repeats itself for a seed. */
function randomOf(seed: number): () => number {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 32;
	};
}

const scraps = ['"""', "'", '(', ')', '[', '}', '\\', ':', '\t', '\r\n', '#', 'class ', 'def f(', 'self.', '@', '\0', 'ä', '*', '=', 'lambda ', 'f"{']; // prettier-ignore

/** A text with stretches cut out, copied elsewhere, or replaced by what breaks syntax. */
function broken(text: string, random: () => number): string {
	let result = text;
	for (let times = 1 + Math.floor(random() * 8); times > 0; times--) {
		const at = Math.floor(random() * result.length);
		const length = Math.floor(random() * 40);
		const scrap = scraps[Math.floor(random() * scraps.length)]!;
		const put = random() < 0.3 ? result.slice(at, at + length * 3) : random() < 0.6 ? scrap : '';
		result = result.slice(0, at) + put + result.slice(at + (random() < 0.5 ? length : 0));
	}
	return result;
}

const nodes = [
	namedNode('/layers.0/attn/Softmax'),
	namedNode('/layers.0/attn/query/MatMul'),
	namedNode('/layers.0/attn/key/MatMul'),
];
const link = (texts: Readonly<Record<string, string>>) =>
	linksOf(nodes, { path: '/layers.0/attn' }, python(texts));

describe('Python that is no Python', () => {
	it.each(Array.from({ length: 60 }, (_, seed) => seed))('is passed over (seed %i)', (seed) => {
		const random = randomOf(seed + 1);
		const text = broken(seed % 2 === 0 ? idioms : layers, random);
		const blocks = blocksOf(text);
		expect(blocks.map((block) => block.text).join('')).toBe(text);
		const at = text.split('\n').length;
		for (const { line } of [
			...link({ 'm.py': text }),
			...linksOf([namedNode('model/bert/attention/self/Softmax')], { path: 'model/bert/attention/self' }, python({ 'm.py': text })), // prettier-ignore
		]) {
			expect(line).toBeGreaterThan(0);
			expect(line).toBeLessThanOrEqual(at);
		}
	});

	it('while it is typed loses nothing that stands before and after', () => {
		const before = 'class Attention(nn.Module): #class\n    def __init__(self):\n        self.query = 1\n        self.key = 2\n'; // prettier-ignore
		const after = 'class Net(nn.Module):\n    def __init__(self):\n        self.attn = Attention() #build\n'; // prettier-ignore
		for (const typed of [
			'class Half(nn.',
			'def half(a, b',
			'x = [1, 2,',
			'self.',
			'class',
			'@dec',
		]) {
			const files = python({ 'm.py': `${before}\n${typed}\n\n${after}` });
			const links = linksOf([namedNode('/attn/Softmax')], { path: '/attn' }, files);
			expect(placeOf(links, 'class')).toBe(marked(files, 'class')[0]);
			expect(placeOf(links, 'build')).toBe(marked(files, 'build')[0]);
		}
	});

	it.each([
		['inherits in a circle', 'class A(B):\n    pass\nclass B(C):\n    pass\nclass C(A):\n    def __init__(self):\n        self.layers = [self.layers]\n'], // prettier-ignore
		['builds itself', 'class Net(nn.Module):\n    def __init__(self, inner):\n        self.layers = inner or Net(Net(self.layers))\n        self.attn = self.attn\n'], // prettier-ignore
		['calls itself', 'def make(d):\n    return make(make(d))\nclass Net(nn.Module):\n    def __init__(self):\n        self.layers = make(self.layers)\n'], // prettier-ignore
		['is nested deeply', `class Net(nn.Module):\n    def __init__(self):\n        self.layers = ${'['.repeat(3000)}Attention()${']'.repeat(3000)}\n`], // prettier-ignore
		['is indented deeply', Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}if layers:\n`).join('')], // prettier-ignore
		['chains calls', `class Net(nn.Module):\n    def __init__(self):\n        self.layers = Attention()${'.to(x)'.repeat(3000)}\n`], // prettier-ignore
		['is one long sum', `class Net(nn.Module):\n    def __init__(self):\n        self.layers = ${'Attention() + '.repeat(3000)}1\n`], // prettier-ignore
		['has a line of a megabyte', `class Net(nn.Module):\n    layers = "${'x'.repeat(1_000_000)}"\n`], // prettier-ignore
		['never closes its text', `class Net(nn.Module):\n    """${'layers attn\n'.repeat(5000)}`],
	])('%s', (_what, text) => {
		expect(() => link({ 'm.py': text })).not.toThrow();
	});

	it('imports in a circle', () => {
		const texts = {
			'a.py': 'from b import Net\nfrom b import *\nAttention = Net\n',
			'b.py':
				'from a import *\nfrom a import Net, Attention\nclass Root:\n    def __init__(self):\n        self.layers = Attention(Net())\n',
			'__init__.py': 'from . import *\nfrom .a import Net\n',
		};
		expect(() => link(texts)).not.toThrow();
	});
});
