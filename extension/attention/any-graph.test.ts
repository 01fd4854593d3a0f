import { describe, expect, it } from 'vitest';
import type {
	Attribute,
	Graph,
	GraphNode,
	LocalFunction,
	ModelIndex,
} from '../onnx/model-index.ts';
import { findSites } from './find-sites.ts';

const node = (
	opType: string,
	inputs: readonly string[],
	outputs: readonly string[],
	attributes: readonly (readonly [string, Attribute])[] = [],
	domain = '',
): GraphNode => ({
	name: `${opType}_${outputs[0] ?? ''}`,
	opType,
	domain,
	inputs,
	outputs,
	attributes: new Map(attributes),
	docString: '',
	metadata: new Map(),
	outputNames: [],
});

const graphOf = (nodes: readonly GraphNode[]): Graph => ({
	name: 'graph',
	nodes,
	inputs: [{ name: 'x', dtype: 'float32', shape: [2, 4, 5, 8] }],
	outputs: [],
	initializers: new Map(),
	valueInfo: new Map(),
	metadata: new Map(),
});

const modelOf = (graph: Graph, functions: readonly LocalFunction[] = []): ModelIndex => ({
	bytes: 0,
	bytesRead: 0,
	irVersion: 8,
	opsets: [{ domain: '', version: 17 }],
	producer: { name: '', version: '' },
	graph,
	functions,
	metadata: new Map(),
});

const functionOf = (name: string, nodes: readonly GraphNode[]): LocalFunction => ({
	domain: 'own',
	name,
	overload: '',
	inputs: ['a'],
	outputs: ['b'],
	nodes,
	attributes: new Map(),
	docString: '',
	metadata: new Map(),
});

/** Attention of `input` with itself; its result is `${name}.o`. */
const attention = (input: string, name: string): GraphNode[] => [
	node('Transpose', [input], [`${name}.k`], [['perm', { kind: 'ints', value: [0, 1, 3, 2] }]]),
	node('MatMul', [input, `${name}.k`], [`${name}.s`]),
	node('Softmax', [`${name}.s`], [`${name}.w`], [['axis', { kind: 'int', value: -1 }]]),
	node('MatMul', [`${name}.w`, input], [`${name}.o`]),
];

describe('any graph', () => {
	it('of 100,000 nodes is searched in under two seconds', () => {
		const nodes: GraphNode[] = [];
		let last = 'x';
		for (let i = 0; nodes.length < 100_000; i++) {
			if (i % 10 === 0) {
				nodes.push(...attention(last, `a${i}`));
				last = `a${i}.o`;
			}
			for (let j = 0; j < 6; j++) {
				nodes.push(node(j % 2 ? 'Add' : 'Relu', j % 2 ? [last, 'x'] : [last], [`n${i}.${j}`]));
				last = `n${i}.${j}`;
			}
		}
		// of this process, and the least of several, since a shared core does less in a second
		const seconds = [1, 2, 3, 4, 5].map(() => {
			const before = process.cpuUsage();
			const sites = findSites(modelOf(graphOf(nodes)));
			const { user, system } = process.cpuUsage(before);
			expect(sites.length).toBe(nodes.filter(({ opType }) => opType === 'Softmax').length);
			return (user + system) / 1e6;
		});
		expect(Math.min(...seconds)).toBeLessThan(2);
	});

	it('may be a cycle', () => {
		const nodes = [
			node('Add', ['b', 'x'], ['a']),
			node('MatMul', ['a', 'x'], ['b']),
			node('Softmax', ['b'], ['c']),
			node('MatMul', ['c', 'a'], ['b']),
		];
		expect(() => findSites(modelOf(graphOf(nodes)))).not.toThrow();
	});

	it('may lack producers and name two values alike', () => {
		const nodes = [
			...attention('missing', 'a'),
			...attention('a.o', 'a'),
			node('MatMul', [], ['z']),
		];
		expect(() => findSites(modelOf(graphOf(nodes)))).not.toThrow();
	});

	it('may call functions that call themselves', () => {
		const functions = [
			functionOf('f', [node('f', ['a'], ['b'], [], 'own'), node('f', ['b'], ['c'], [], 'own')]),
		];
		expect(findSites(modelOf(graphOf([node('f', ['x'], ['y'], [], 'own')]), functions))).toEqual(
			[],
		);
	});

	it('may nest branches without end', () => {
		let graph = graphOf(attention('x', 'deep'));
		for (let depth = 0; depth < 80; depth++) {
			graph = graphOf([
				node('If', ['x'], [`y${depth}`], [['then_branch', { kind: 'graph', value: graph }]]),
			]);
		}
		expect(() => findSites(modelOf(graph))).not.toThrow();
	});

	it('may be a chain of 20,000 operators that all pass scores on', () => {
		const nodes: GraphNode[] = [node('MatMul', ['x', 'x'], ['n0'])];
		for (let i = 0; i < 20_000; i++)
			nodes.push(node('Add', [`n${i}`, `n${Math.floor(i / 2)}`], [`n${i + 1}`]));
		nodes.push(node('Softmax', ['n20000'], ['w']), node('MatMul', ['w', 'x'], ['o']));
		const start = performance.now();
		expect(() => findSites(modelOf(graphOf(nodes)))).not.toThrow();
		expect(performance.now() - start).toBeLessThan(4000);
	});

	it.each([1, 2, 3, 4, 5, 6, 7, 8])('may be random (seed %i)', (seed) => {
		const ops = [
			'MatMul',
			'Add',
			'Mul',
			'Softmax',
			'Reshape',
			'Transpose',
			'Where',
			'Concat',
			'Exp',
			'ReduceSum',
			'Div',
			'Einsum',
			'Slice',
			'Gather',
			'Split',
			'CumSum',
			'Conv',
			'Unsqueeze',
			'Loop',
			'Scan',
			'If',
			'Attention',
			'LinearAttention',
		];
		let state = seed * 7919;
		const random = (n: number) => (state = (state * 1103515245 + 12345) & 0x7fffffff) % n;
		const nodes = Array.from({ length: 600 }, (_, i) => {
			const pick = () => (i === 0 || random(9) === 0 ? 'x' : `n${random(Math.min(600, i + 3))}`);
			const inputs = Array.from({ length: random(4) }, pick);
			const attributes: [string, Attribute][] = [
				['axis', { kind: 'int', value: random(9) - 4 }],
				['perm', { kind: 'ints', value: [random(5), random(5), random(5)] }],
				['axes', { kind: 'ints', value: [random(9) - 4] }],
				[
					'equation',
					{
						kind: 'string',
						value: ['bij,bjk->bik', '...a,...b', '->', ',,', 'aa,aa->a'][random(5)]!,
					},
				],
			];
			const op = ops[random(ops.length)]!;
			if (/Loop|Scan|If/.test(op))
				attributes.push(['body', { kind: 'graph', value: graphOf(attention(pick(), `in${i}`)) }]);
			return node(op, inputs, [`n${i}`], attributes);
		});
		expect(() => findSites(modelOf(graphOf(nodes)))).not.toThrow();
	});
});
