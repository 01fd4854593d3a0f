import { expect, it } from 'vitest';
import type { AttentionSite } from '../protocol/model.ts';
import type { SiteResult } from '../protocol/run.ts';
import { hoverText } from './hover-text.ts';
import { figure, lensText, siteFacts, summaryLensText } from './site-text.ts';

const say = (message: string, ...args: (string | number)[]) =>
	message.replace(/\{(\d)\}/g, (_, i: string) => String(args[Number(i)]));

const site: AttentionSite = {
	id: 's1',
	form: 'softmax',
	kind: 'decomposed',
	operator: null,
	layer: 1,
	path: '/layers.1/mixer',
	heads: 2,
	kvHeads: 2,
	headSize: 32,
	scale: 0.1,
	softCap: null,
	mask: 'causal',
	window: null,
	cross: false,
	tensors: {},
	epsilon: null,
	derived: null,
	maskMeans: null,
	node: 5,
	nodeName: '/layers.1/mixer/Softmax',
	confidence: 1,
	notes: [],
};

const result: SiteResult = {
	site: 's1',
	description: 'Head 1 [mostly] reads <one> token.',
	lens: '',
	entropy: 0.4199,
	reach: 37.04,
	strip: null,
	proof: {
		site: 's1',
		residual: 3.2e-7,
		tolerance: 1e-4,
		verified: true,
		probabilities: null,
		reason: '',
	},
	picture: { dark: '<svg>dark</svg>', light: '<svg>light</svg>' },
};

const hover = {
	target: { model: 'file:///a%20(1)/m.onnx', site: 's1' },
	modelName: 'm_1.onnx',
	site,
	findings: [result],
	outdated: '',
	canRun: true,
};

it('says before a run what the graph says', () => {
	expect(lensText(site, [], say)).toBe('layer 1 · softmax · 2 heads');
});

it('says after a run what was measured', () => {
	expect(lensText(site, [result], say)).toBe(
		'layer 1 · 2 heads · entropy 0.42 · reach 37 tokens · verified 3e-7',
	);
});

it('says how far off an unproved picture is, and leaves out what was not measured', () => {
	const off = { ...result.proof!, residual: 0.021, verified: false, reason: 'over the tolerance' };
	expect(lensText(site, [{ ...result, entropy: null, reach: null, proof: off }], say)).toBe(
		'layer 1 · 2 heads · not verified: off by 2e-2',
	);
	expect(lensText(site, [{ ...result, proof: { ...off, residual: null } }], say)).toContain(
		'not verified',
	);
});

it('puts the findings of several views of one run together, with the proof that holds least', () => {
	const routing = {
		...result,
		lens: '31 % softmax',
		description: 'A third of the tokens is kept.',
		proof: { ...result.proof!, residual: 4e-5 },
	};
	expect(lensText(site, [result, routing, result], say)).toBe(
		'layer 1 · 2 heads · entropy 0.42 · reach 37 tokens · 31 % softmax · verified 4e-5',
	);
	const text = hoverText({ ...hover, findings: [result, routing] }, 'dark', say);
	expect(text.match(/!\[/g)).toHaveLength(2);
	expect(text).toContain('A third of the tokens is kept');
});

it('falls back to the path where a site has no layer', () => {
	expect(siteFacts({ ...site, layer: null, heads: 1 }, say)).toEqual([
		'/layers.1/mixer',
		'softmax',
		'1 head',
	]);
});

it('puts many layers on one line', () => {
	const results = [result, { ...result, entropy: 2.31 }];
	expect(summaryLensText([site, site, site], results, say)).toBe(
		'3 layers · softmax · 2 heads · entropy 0.42 to 2.31 · 2 of 2 verified',
	);
});

it.each([
	[0, '0'],
	[0.42, '0.42'],
	[37.04, '37'],
	[1234.5, '1235'],
	[0.00012345, '1.23e-4'],
	[-0.5, '-0.5'],
])('writes %d as %s', (value, text) => {
	expect(figure(value)).toBe(text);
});

it('shows the picture of the theme in image syntax', () => {
	const light = Buffer.from('<svg>light</svg>').toString('base64');
	expect(hoverText(hover, 'light', say)).toContain(`](data:image/svg+xml;base64,${light}|width=`);
	expect(hoverText(hover, 'dark', say)).not.toContain(light);
});

it('keeps names and findings from becoming markup', () => {
	const text = hoverText(hover, 'dark', say);
	expect(text).toContain('Head 1 \\[mostly\\] reads \\<one\\> token\\.');
	expect(text).toContain('m\\_1\\.onnx');
});

it('links to commands with their site, parentheses escaped', () => {
	const links = [...hoverText(hover, 'dark', say).matchAll(/\(command:([\w.]+)\?([^)]*)\)/g)];
	expect(links.map(([, command]) => command)).toEqual([
		'attnscope.run',
		'attnscope.goToSite',
		'attnscope.goToNode',
	]);
	for (const [, , args] of links)
		expect(JSON.parse(decodeURIComponent(args!))).toEqual([hover.target]);
});

it('offers no run where none is allowed, and no picture that is too long', () => {
	const long = { ...result, picture: { dark: 'x'.repeat(100_000), light: '' } };
	const text = hoverText({ ...hover, findings: [long], canRun: false }, 'dark', say);
	expect(text).not.toContain('attnscope.run');
	expect(text).not.toContain('data:image');
	expect(text.length).toBeLessThan(5000);
});

it('says that there was no run, and that a run is out of date', () => {
	expect(hoverText({ ...hover, findings: [] }, 'dark', say)).toContain('Not run yet');
	expect(hoverText({ ...hover, outdated: 'The code changed.' }, 'dark', say)).toContain(
		'*The code changed\\.*',
	);
});
