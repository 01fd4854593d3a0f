import { describe, expect, it } from 'vitest';
import { linksOf as linksOfSite, namedNode as node } from '../../test/models/named-model.ts';
import type { GraphNode } from '../onnx/model-index.ts';
import { framesOfDocString, framesOfStackTrace } from './frames.ts';
import type { LinkOptions } from './link-sites.ts';
import { cellsOf } from './notebook-cells.ts';
import { parsePins, withPath, withPin, writePins } from './pins.ts';
import { PathMap } from './remap-path.ts';
import type { PythonFile } from './python-file.ts';

const code = `import torch.nn as nn
from collections import OrderedDict
from .parts import Mixer as Attn

class Base(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.inner = self.make(d)

    def make(self, d):
        return Attn(d)

class Block(Base):
    def forward(self, x):
        return x + self.inner(x)

class Net(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.blocks = nn.ModuleList([Block(8) for _ in range(depth)])
        layers = []
        for i in range(depth):
            layers.append(Attn(8))
        self.tail = nn.Sequential(*layers)
        self.named = nn.Sequential(OrderedDict([('first', nn.ReLU()), ('second', Attn(8))]))
        self.chosen = KINDS['soft'](8)
        for i in range(2):
            setattr(self, f'head{i}', Attn(8))

KINDS = {'soft': Attn, 'none': nn.Identity}
`;
const parts = `import torch
import torch.nn as nn

class Mixer(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.query = nn.Linear(d, d)
        self.key = nn.Linear(d, d)

    def forward(self, x):
        scores = self.query(x) @ self.key(x).transpose(-1, -2)
        return torch.softmax(scores, -1) @ x
`;
const files: PythonFile[] = [
	{ uri: 'file:///w/proj/model.py', text: code },
	{ uri: 'file:///w/proj/parts.py', text: parts },
];
const lineOf = (text: string, wanted: string) =>
	text.split('\n').findIndex((l) => l.includes(wanted)) + 1;

const linksOf = (
	nodes: readonly GraphNode[],
	path: string,
	options: LinkOptions = {},
	given = files,
) => linksOfSite(nodes, { path }, given, options);

const found = (links: ReturnType<typeof linksOf>, target: string) => {
	const link = links.find((l) => l.target === target);
	return link && `${link.file.split('/').at(-1)!}:${link.line} ${link.how}`;
};

describe('a module path is walked through', () => {
	it.each([
		[
			'a list comprehension, inheritance and a method that builds',
			'/blocks.1/inner',
			'model.py',
			'self.inner =',
		],
		['a list that is appended to and unpacked', '/tail/tail.1', 'model.py', 'layers.append'],
		['an ordered dictionary', '/named/named.second', 'model.py', "('second', Attn(8))"],
		['a table of classes', '/chosen', 'model.py', 'self.chosen ='],
		['attributes set by name', '/head1', 'model.py', 'setattr(self'],
	])('%s', (_what, path, file, built) => {
		const links = linksOf([node(`${path}/Softmax`), node(`${path}/query/MatMul`)], path);
		expect(found(links, 'class')).toBe(`parts.py:${lineOf(parts, 'class Mixer')} module-path`);
		expect(found(links, 'build')).toBe(`${file}:${lineOf(code, built)} module-path`);
		expect(found(links, 'call')).toBe(`parts.py:${lineOf(parts, 'torch.softmax')} module-path`);
	});

	it('and failing that, the class with the attributes the model shows', () => {
		const nodes = ['Softmax', 'query/MatMul', 'key/MatMul'].map((op) =>
			node(`/wrapped/unknown/${op}`),
		);
		expect(found(linksOf(nodes, '/wrapped/unknown'), 'class')).toBe(
			`parts.py:${lineOf(parts, 'class Mixer')} module-shape`,
		);
	});
});

describe('frames', () => {
	const line = lineOf(parts, 'torch.softmax');
	const trace = [
		'File "/home/me/proj/model.py", line 14, in forward\n    return x + self.inner(x)',
		`File "C:\\\\site-packages\\\\torch\\\\nn\\\\modules\\\\module.py", line 1, in _call_impl\n    return f()`,
		`File "/home/me/proj/parts.py", line ${line - 2}, in forward\n    return torch.softmax(scores, -1) @ x`,
	].join('\n');

	it('of a traceback are read innermost first, with the text of their lines', () => {
		expect(framesOfStackTrace(trace)[0]).toEqual({
			path: '/home/me/proj/parts.py',
			line: line - 2,
			function: 'forward',
			text: 'return torch.softmax(scores, -1) @ x',
		});
	});

	it('follow a line that has moved since the export', () => {
		const metadata = new Map([['pkg.torch.onnx.stack_trace', trace]]);
		const [call] = linksOf([node('softmax', { metadata })], '').filter(
			({ target }) => target === 'call',
		);
		expect(call).toMatchObject({
			file: 'file:///w/proj/parts.py',
			line,
			how: 'stack-trace',
			confidence: 0.8,
		});
	});

	it('without texts lead to the line that attends where theirs does not', () => {
		const lineIn = (from: number) => {
			const docString = `/a/proj/parts.py(${from}): forward\n/a/torch/jit/_trace.py(1): f`;
			const links = linksOf([node('Softmax_1', { docString })], '');
			const call = links.find(({ target }) => target === 'call');
			return [call?.line, call?.confidence];
		};
		expect(lineIn(line)).toEqual([line, 1]);
		// a line was put in above since the export
		expect(lineIn(line - 1)).toEqual([line, 0.8]);
	});

	it('of the older exporter end at the tracer', () => {
		const doc =
			'/a/torch/nn/functional.py(9): softmax\n/a/m.py(12): forward\n/a/torch/jit/_trace.py(1): f\n/a/export.py(3): main';
		expect(framesOfDocString(doc).map(({ path }) => path)).toEqual([
			'/a/torch/nn/functional.py',
			'/a/m.py',
		]);
	});
});

describe('other steps of the ladder', () => {
	it('read classes that the newer exporter lists', () => {
		const metadata = new Map([
			['pkg.torch.onnx.class_hierarchy', `['__main__.Net', "parts.Mixer", 'aten.softmax.int']`],
		]);
		expect(found(linksOf([node('n', { metadata })], ''), 'class')).toBe(
			`parts.py:${lineOf(parts, 'class Mixer')} class-hierarchy`,
		);
	});

	it('let a pin win', () => {
		const pins = parsePins(
			'{"pins": [{"site": "site", "file": "file:///w/proj/model.py", "line": 3}]}',
		);
		const links = linksOf([node('/chosen/Softmax')], '/chosen', { pins });
		expect(found(links, 'call')).toBe('model.py:3 pin');
	});

	it('let a pin move with its line', () => {
		const line = lineOf(parts, 'torch.softmax');
		const file = files[1]!.uri;
		const pin = { site: 'site', file, line: line - 3, target: 'call' as const };
		const at = (text: string) => {
			const pins = { sites: [{ ...pin, text }], paths: new Map<string, string>() };
			return found(linksOf([node('/chosen/Softmax')], '/chosen', { pins }), 'call');
		};
		expect(at('return torch.softmax(scores, -1) @ x')).toBe(`parts.py:${line} pin`);
		expect(at('a line that is gone')).toBe(`parts.py:${line - 3} pin`);
		expect(at('')).toBe(`parts.py:${line - 3} pin`);
	});

	it('keep pins as they were written', () => {
		const pin = { site: 's', file: 'a.py', line: 2, text: 'class A:', target: 'class' as const };
		expect(
			parsePins(writePins(withPin({ sites: [pin], paths: new Map() }, { ...pin, line: 7 }))).sites,
		).toEqual([{ ...pin, line: 7 }]);
		const placed = withPath({ sites: [pin], paths: new Map() }, '/x/a.py', '../a.py');
		expect(parsePins(writePins(placed))).toEqual(placed);
		expect(() => parsePins('{"pins": [{"site": "s", "file": "f", "line": 0}]}')).toThrow(
			/pins\[0\]\.line/,
		);
	});
});

describe('a path of another machine', () => {
	const uris = ['file:///w/a/model.py', 'file:///w/b%20c/model.py', 'file:///w/b%20c/parts.py'];

	it('goes to the longest matching tail, of any system', () => {
		expect(new PathMap(uris, '').find('C:\\src\\b c\\model.py')?.candidates).toEqual([
			'file:///w/b%20c/model.py',
		]);
		expect(new PathMap(uris, '').find('/x/../y/nothing.py')).toBeNull();
	});

	it('goes to the file nearest to the model where the path cannot tell, and says that others fit', () => {
		const found = new PathMap(uris, 'file:///w/a/model.onnx').find('/elsewhere/model.py');
		expect(found?.candidates).toEqual(['file:///w/a/model.py', 'file:///w/b%20c/model.py']);
	});

	it('goes where the user said, and so do the others of its folder', () => {
		const copies = ['a', 'b'].flatMap((folder) =>
			['model.py', 'nn/parts.py'].map((name) => `file:///w/${folder}/${name}`),
		);
		const said = new Map([['/x/old/model.py', 'file:///w/b/model.py']]);
		const paths = new PathMap(copies, '', said);
		expect(paths.find('/x/old/model.py')?.candidates).toEqual(['file:///w/b/model.py']);
		expect(paths.find('/x/old/nn/parts.py')?.candidates).toEqual(['file:///w/b/nn/parts.py']);
		expect(paths.find('/x/new/nn/parts.py')?.candidates).toHaveLength(2);
		const gone = new Map([['/x/old/model.py', 'file:///w/gone/model.py']]);
		expect(new PathMap(copies, '', gone).find('/x/old/model.py')?.candidates).toHaveLength(2);
	});
});

describe('code', () => {
	it('of notebook cells is one namespace', () => {
		const notebook = JSON.stringify({
			cells: [
				{ cell_type: 'code', source: ['%matplotlib inline\n', ...parts.split(/(?<=\n)/)] },
				{ cell_type: 'markdown', source: 'text' },
				{
					cell_type: 'code',
					source: 'class Net(nn.Module):\n    def __init__(self):\n        self.attn = Mixer(8)\n',
				},
			],
		});
		const cells = cellsOf('file:///w/n.ipynb', notebook);
		expect(cells.map(({ uri }) => uri)).toEqual([
			'file:///w/n.ipynb#cell0',
			'file:///w/n.ipynb#cell2',
		]);
		const links = linksOf([node('/attn/Softmax')], '/attn', {}, cells);
		expect(found(links, 'class')).toBe('n.ipynb#cell0:5 module-path');
		expect(found(links, 'build')).toBe('n.ipynb#cell2:3 module-path');
	});
});

describe('names that only partly tell', () => {
	const net = `import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 2)
        self.attn = nn.MultiheadAttention(8, 2)

    def forward(self, x):
        return self.attn(x, x, x)[0] + self.encoder(x)
`;
	const given = [{ uri: 'file:///w/net.py', text: net }];

	it.each([
		['is built', '/attn', 'build', 'self.attn ='],
		['is called', '/attn', 'call', 'self.attn(x'],
		['holds more', '/encoder/layers.0/self_attn', 'build', 'self.encoder ='],
	] as const)('lead to where a layer of another package %s', (_what, path, target, text) => {
		const links = linksOf([node(`${path}/Softmax`), node('/attn/MatMul')], path, {}, given);
		expect(found(links, target)).toBe(`net.py:${lineOf(net, text)} module-path`);
		expect(found(links, 'class')).toBe(`net.py:${lineOf(net, 'class Net')} module-path`);
	});

	it.each([
		['one layer for q, k and v', ['blocks.0.inner.qkv.bias'], {}],
		['weights of the module itself', ['blocks.0.inner.in_proj_weight'], {}],
		['one layer each', ['blocks.0.inner.query.bias', 'blocks.0.inner.key.bias'], { k: 'sum1' }],
	])('of old exports without paths: %s', (_what, weights, more) => {
		const nodes = [
			node('Softmax_175'),
			...weights.map((weight, at) => node('Add_1', { inputs: [weight], outputs: [`sum${at}`] })),
		];
		const links = linksOfSite(nodes, { path: '', tensors: { q: 'sum0', ...more } }, files, {
			weights,
		});
		expect(found(links, 'class')).toBe(`parts.py:${lineOf(parts, 'class Mixer')} initializer`);
	});

	it('lead to the class that a namespace lists, in the file of its module', () => {
		const own = [...files, { uri: 'file:///w/proj/other.py', text: parts }];
		const metadata = new Map([
			[
				'namespace',
				': __main__.Net/blocks.0: model.Block/inner: parts.Mixer/softmax: aten.softmax',
			],
		]);
		const links = linksOf([node('node_softmax', { metadata })], '', {}, own);
		expect(found(links, 'class')).toBe(`parts.py:${lineOf(parts, 'class Mixer')} class-hierarchy`);
	});

	it('lead to the class of that shape where a configuration says what is built', () => {
		const net = `from hydra.utils import instantiate

class Net(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.attn = instantiate(cfg.attn)
        self.other = instantiate(cfg.other)
`;
		const own = [...files, { uri: 'file:///w/net.py', text: net }];
		const nodes = ['attn/Softmax', 'attn/query/MatMul', 'attn/key/MatMul', 'other/Relu'];
		const all = nodes.map((name) => node(`/${name}`));
		const links = linksOf(all, '/attn', {}, own);
		expect(found(links, 'build')).toBe(`net.py:${lineOf(net, 'self.attn =')} module-path`);
		expect(found(links, 'class')).toBe(`parts.py:${lineOf(parts, 'class Mixer')} module-shape`);
		expect(found(links, 'call')).toBe(`parts.py:${lineOf(parts, 'torch.softmax')} module-shape`);
		// of a shape that nothing has, the class that asks for it
		const bare = linksOf([node('/attn/Softmax'), node('/other/Relu')], '/attn', {}, own);
		expect(found(bare, 'class')).toBe(`net.py:${lineOf(net, 'class Net')} module-path`);
	});

	it('belong to the class that writes them out, before one that sets whatever it is given', () => {
		const any = `class Any(nn.Module):
    def __init__(self, **parts):
        for name, part in parts.items():
            setattr(self, name, part)

`;
		const own = [{ uri: 'file:///w/net.py', text: `${any}${net}` }];
		const links = linksOf([node('/attn/Softmax')], '/attn', {}, own);
		expect(found(links, 'build')).toBe(`net.py:${lineOf(own[0]!.text, 'self.attn =')} module-path`);
	});

	it('do not take a class of PyTorch for one of the same name here', () => {
		const own = [
			{ uri: 'file:///w/a.py', text: 'class MultiheadAttention(nn.Module):\n    pass\n' },
		];
		const metadata = new Map([
			[
				'pkg.torch.onnx.class_hierarchy',
				"['torch.nn.modules.activation.MultiheadAttention', 'aten']",
			],
		]);
		expect(linksOf([node('n', { metadata })], '', {}, own)).toEqual([]);
	});
});

describe('frames of other machines', () => {
	const line = lineOf(parts, 'torch.softmax');
	const trace = (path: string) =>
		`File "${path}", line ${line}, in forward\n    return torch.softmax(scores, -1) @ x`;
	const callIn = (text: string) => {
		const metadata = new Map([['pkg.torch.onnx.stack_trace', text]]);
		const links = linksOf([node('softmax', { metadata })], '');
		return found(
			links.filter((link) => link.found),
			'call',
		);
	};

	it.each([
		'C:\\Users\\me\\proj\\parts.py',
		'/home/me/torch/proj/parts.py',
		'/home/me/onnx/parts.py',
		'/opt/conda/lib/python3.10/site-packages/proj/parts.py',
	])('%s', (path) => {
		expect(callIn(trace(path))).toBe(`parts.py:${line} stack-trace`);
	});

	it.each([
		'/opt/conda/lib/python3.10/site-packages/torch/nn/parts.py',
		'C:\\Python\\Lib\\site-packages\\onnxscript\\parts.py',
		'/home/me/pytorch/torch/nn/modules/parts.py',
		'/usr/lib/python3/site-packages/parts.py',
	])('but not %s', (path) => {
		expect(callIn(trace(path))).not.toBe(`parts.py:${line} stack-trace`);
	});

	it('that fit several files are guessed, with the files, until the user says which', () => {
		const copy = { uri: 'file:///w/copy/parts.py', text: parts };
		const path = '/home/me/parts.py';
		const metadata = new Map([['pkg.torch.onnx.stack_trace', trace(path)]]);
		const callOf = (more: readonly PythonFile[], options: LinkOptions = {}) =>
			linksOf([node('softmax', { metadata })], '', options, [...files, ...more]).find(
				({ target }) => target === 'call',
			);
		const model = 'file:///w/proj/model.onnx';
		expect(callOf([copy], { model })).toMatchObject({
			file: files[1]!.uri,
			confidence: 0.7,
			ambiguous: { path, candidates: [files[1]!.uri, copy.uri] },
		});
		const pins = { sites: [], paths: new Map([[path, copy.uri]]) };
		expect(callOf([copy], { model, pins })).toMatchObject({
			file: copy.uri,
			confidence: 1,
			ambiguous: null,
		});
		const other = { ...copy, text: parts.replace('def forward', 'def other') };
		expect(callOf([other], { model })).toMatchObject({ confidence: 1, ambiguous: null });
	});

	it('as graphs are printed, and none at all', () => {
		const short = `# File: /x/proj/parts.py:${line} in forward, code: return torch.softmax(scores, -1) @ x`;
		expect(callIn(short)).toBe(`parts.py:${line} stack-trace`);
		expect(callIn('')).toBeUndefined();
	});

	it('of scripted code', () => {
		const doc = `  File "/x/proj/parts.py", line ${line}\n        scores = 1\n        return torch.softmax(scores, -1) @ x\n               ~~~~~~~~~~~~~ <--- HERE\n`;
		const links = linksOf([node('Loop_1', { docString: doc })], '');
		expect(found(links, 'call')).toBe(`parts.py:${line} doc-string`);
	});
});
