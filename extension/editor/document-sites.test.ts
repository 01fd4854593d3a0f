import { expect, it } from 'vitest';
import type { CodeLink } from '../protocol/model.ts';
import {
	folderDistance,
	lastLineOfBlock,
	rankModels,
	recentFirst,
	siteLines,
	sitesAt,
} from './document-sites.ts';

const code = [
	'class Attention(nn.Module):', // 0
	'    def forward(self, x):',
	'        y = f(',
	'            x,',
	'        )',
	'# a comment at the margin does not end the class',
	'',
	'        return softmax(y)', // 7
	'',
	'class Model(nn.Module):', // 9
	'    layers = [Attention() for _ in range(2)]', // 10
];

function link(site: string, line: number, target: CodeLink['target']): CodeLink {
	return {
		site,
		file: 'file:///m.py',
		line,
		target,
		how: 'module-path',
		confidence: 1,
		found: true,
		ambiguous: null,
	};
}

const links = [
	link('a', 1, 'class'),
	link('b', 1, 'class'),
	link('a', 11, 'build'),
	link('b', 11, 'build'),
	link('b', 8, 'call'),
	{ ...link('a', 1, 'class'), file: 'other.py', found: false },
];
const lines = siteLines(links, 'file:///m.py');

it('gathers links by line, counting from 0', () => {
	expect(lines).toEqual([
		{ line: 0, target: 'class', sites: ['a', 'b'] },
		{ line: 7, target: 'call', sites: ['b'] },
		{ line: 10, target: 'build', sites: ['a', 'b'] },
	]);
});

it.each([
	[0, ['a', 'b']],
	[3, ['a', 'b']],
	[7, ['b']],
	[9, []],
	[10, ['a', 'b']],
])('finds at line %i the sites %j', (line, sites) => {
	expect(sitesAt(lines, code, line)).toEqual(sites);
});

it('ends a block where the indent does', () => {
	expect(lastLineOfBlock(code, 0)).toBe(7);
	expect(lastLineOfBlock(code, 9)).toBe(10);
});

it('prefers the model last used, then the nearest, then the shorter name', () => {
	const candidate = (model: string, recency = Infinity, distance = 0) => ({
		model,
		lines,
		recency,
		distance,
	});
	const choose = (...candidates: Parameters<typeof rankModels>[0]) =>
		rankModels(candidates)[0]?.model;
	expect(choose(candidate('model-plain'), candidate('model'))).toBe('model');
	expect(choose(candidate('model-plain', 0), candidate('model', 1))).toBe('model-plain');
	expect(choose(candidate('near'), candidate('far', Infinity, 2))).toBe('near');
	expect(choose({ ...candidate('unrelated', 0), lines: [] })).toBeUndefined();
});

it('lists all models of a line and the site last looked at first', () => {
	const model = (name: string, recency: number, own = lines) => ({
		model: name,
		lines: own,
		recency,
		distance: 0,
	});
	const ranked = rankModels([
		model('a', Infinity),
		model('b', 1),
		model('c', 0),
		model('d', 0, []),
	]);
	expect(ranked.map(({ model: name }) => name)).toEqual(['c', 'b', 'a']);
	expect(recentFirst(['x', 'y', 'z'], 'y')).toEqual(['y', 'x', 'z']);
	expect(recentFirst(['x', 'y'], 'gone')).toEqual(['x', 'y']);
	expect(recentFirst(['x', 'y'], null)).toEqual(['x', 'y']);
});

it('counts the folders between two files', () => {
	expect(folderDistance('/a/b/m.py', '/a/b/m.onnx')).toBe(0);
	expect(folderDistance('/a/b/m.py', '/a/c/d/m.onnx')).toBe(3);
});
