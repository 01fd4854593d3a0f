import { describe, expect, it } from 'vitest';
import { hostMethods, pageMethods, pageState, probePlan } from './messages.ts';
import { attentionSite, modelSummary } from './model.ts';
import { modelInput, runSummary } from './run.ts';

const site = {
	id: '/layers.0/mixer',
	form: 'softmax',
	kind: 'decomposed',
	operator: null,
	layer: 0,
	path: '/layers.0/mixer',
	heads: 2,
	kvHeads: 2,
	headSize: 32,
	scale: 0.177,
	softCap: null,
	mask: 'causal',
	window: null,
	cross: false,
	tensors: { q: { name: 'q', axes: 'BHTK' }, mask: null },
	epsilon: null,
	derived: [
		{
			op: 'Constant',
			domain: '',
			inputs: ['x'],
			outputs: ['y'],
			attributes: {
				value: { type: 'tensor', values: [0, -1], tensor: { dtype: 'int64', shape: [2] } },
			},
		},
	],
	maskMeans: null,
	node: 17,
	nodeName: '/layers.0/mixer/Softmax',
	confidence: 1,
	notes: [],
};
const model = {
	uri: 'file:///m.onnx',
	name: 'm.onnx',
	bytes: 10,
	version: '1',
	irVersion: 8,
	opsets: [{ domain: '', version: 17 }],
	producer: 'pytorch 1.13.0',
	nodes: 1,
	inputs: [{ name: 'ids', dtype: 'int64', shape: ['batch', 64, null] }],
	outputs: [{ name: 'logits', dtype: 'float32', shape: null }],
	sites: [site],
	external: [{ location: 'model.onnx.data', bytes: 64 }],
	codeLinks: [
		{
			site: site.id,
			file: 'file:///model.py',
			line: 3,
			target: 'class',
			how: 'doc-string',
			confidence: 0.7,
			found: true,
			ambiguous: {
				path: '/home/a/model.py',
				candidates: ['file:///model.py', 'file:///b/model.py'],
			},
		},
	],
	stream: {
		start: 'embedded',
		steps: [
			{
				site: site.id,
				before: 'embedded',
				position: 'x1',
				increment: 'v1',
				momentum: {
					velocityIn: 'v0',
					velocity: 'v1',
					force: 'f',
					mass: 'z',
					moved: 'bp',
					scalars: [{ role: 'keep', name: 'beta', value: 0.9, from: [{ name: 'b', value: 2.2 }] }],
				},
			},
		],
	},
	linears: [
		{
			name: '/up/MatMul',
			path: '/up',
			input: 'x1',
			weight: 'up.weight',
			output: 'h',
			inputs: 8,
			outputs: 32,
			transposed: false,
		},
	],
	tables: [{ name: 'embedding.weight', rows: 256, width: 8 }],
	training: [{ name: 'm', parameters: 3, seed: 1, curve: [{ step: 10, seconds: 0.5, loss: 2.5 }] }],
};
const input = {
	source: 'prompt.json',
	tensors: [{ name: 'ids', dtype: 'int64', shape: [1, 1], data: new Uint8Array(8) }],
	tokens: ['a'],
	labels: [-100],
	note: '',
};
const state = {
	model,
	problem: null,
	input,
	inputNote: '',
	trusted: true,
	backend: 'auto',
	site: null,
	view: null,
	runAtOnce: false,
};
const summary = {
	manifest: {
		id: 'a-1',
		at: '2026-01-01T00:00:00.000Z',
		tool: 'Attnscope 0.1.0',
		model: { name: 'm.onnx', bytes: 10, version: '1' },
		input: { source: 'prompt.json', shapes: { ids: [1, 1] }, hash: 'ab' },
		taps: ['q'],
		overrides: [],
		probeBytes: 20,
		backend: 'webgpu',
		reason: 'WebGPU offers an adapter.',
		adapter: 'some gpu',
		milliseconds: { load: 1, session: 2, run: 3 },
	},
	view: 'attention',
	sites: [
		{
			site: site.id,
			description: 'It attends.',
			lens: '',
			entropy: 0.4,
			reach: 37,
			strip: null,
			proof: {
				site: site.id,
				residual: 3e-7,
				tolerance: 1e-4,
				verified: true,
				probabilities: 2e-7,
				reason: '',
			},
			picture: { dark: '<svg/>', light: '<svg/>' },
		},
	],
};
const plan = {
	edits: [{ offset: 3, bytes: new Uint8Array(1) }],
	suffix: new Uint8Array(4),
	outputs: [{ tensor: 'q', output: 'q' }],
	inputs: [],
	refused: [{ tensor: 'x', reason: 'no such tensor' }],
	costBytes: 5,
};

const samples = [
	['attentionSite', attentionSite, site],
	['modelSummary', modelSummary, model],
	['modelInput', modelInput, input],
	['pageState', pageState, state],
	['runSummary', runSummary, summary],
	['probePlan', probePlan, plan],
] as const;

/** Every path to a leaf of a value. */
function paths(value: unknown, prefix: readonly (string | number)[] = []): (string | number)[][] {
	if (typeof value !== 'object' || value === null || value instanceof Uint8Array) {
		return value === null ? [] : [[...prefix]];
	}
	return Object.entries(value).flatMap(([key, inner]) =>
		paths(inner, [...prefix, Array.isArray(value) ? Number(key) : key]),
	);
}

function replaced(value: unknown, [first, ...rest]: (string | number)[], by: unknown): unknown {
	if (first === undefined) return by;
	const copy: Record<string | number, unknown> = Array.isArray(value)
		? ([...(value as unknown[])] as unknown as Record<number, unknown>)
		: { ...(value as Record<string, unknown>) };
	copy[first] = replaced(copy[first], rest, by);
	return copy;
}

describe.each(samples)('%s', (_name, parse, sample) => {
	it('passes through unchanged', () => {
		expect(parse(structuredClone(sample), 'x')).toEqual(sample);
	});

	it('refuses each field in turn when it is of another kind, naming it', () => {
		for (const path of paths(sample)) {
			const broken = replaced(sample, path, Symbol('neither'));
			const last = String(path.at(-1));
			expect(() => parse(broken, 'x'), path.join('.')).toThrow(
				new RegExp(`x.*${last.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')}\\]?: expected`),
			);
		}
	});
});

it('has a reader for both halves of every method', () => {
	for (const [name, { args, result }] of Object.entries({ ...hostMethods, ...pageMethods })) {
		expect([typeof args, typeof result], name).toEqual(['function', 'function']);
	}
});
