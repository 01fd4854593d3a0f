import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../extension/onnx/bytes-source.ts';
import { indexModel } from '../../extension/onnx/index-model.ts';
import type { Graph, GraphNode } from '../../extension/onnx/model-index.ts';
import { openModel, readPrompt, runTokens } from './token-model.ts';

const samples = join(import.meta.dirname, '../../samples');

/** Room for all binaries of the samples together, in bytes. */
const ROOM = 20e6;

/** Two forms of one layer in float32, over up to 256 tokens: WASM measures up to 1e-4. */
const TOLERANCE = 2e-4;

const files = readdirSync(samples, { recursive: true, encoding: 'utf8' });
const models = files.filter((file) => file.endsWith('.onnx'));

/** Their output's size is known only once the values are. */
const SHAPED_BY_DATA = ['NonZero', 'Unique', 'Compress', 'NonMaxSuppression'];

const OF_TRAINING = [
	'Dropout',
	'RandomNormal',
	'RandomNormalLike',
	'RandomUniform',
	'RandomUniformLike',
	'Bernoulli',
	'Multinomial',
];

function everyNode(graph: Graph): GraphNode[] {
	return graph.nodes.flatMap((node) => [
		node,
		...[...node.attributes.values()].flatMap((attribute) =>
			attribute.kind === 'graph' ? everyNode(attribute.value) : [],
		),
	]);
}

test('all binaries together leave room', () => {
	const binaries = files.filter((file) => /\.(onnx|npz|safetensors)$/.test(file));
	const bytes = binaries.reduce((sum, file) => sum + statSync(join(samples, file)).size, 0);
	expect(binaries.length).toBeGreaterThan(30);
	expect(bytes).toBeLessThan(ROOM);
});

describe.each(models)('samples/%s', (file) => {
	test('has no shape that depends on the data, no node of training, and free axes', async () => {
		const { graph } = await indexModel(bytesSource(readFileSync(join(samples, file))));
		const operators = new Set(everyNode(graph).map(({ opType }) => opType));
		const unwanted = [...SHAPED_BY_DATA, ...OF_TRAINING].filter((op) => operators.has(op));
		expect(unwanted).toEqual([]);
		for (const { name, shape } of graph.inputs) expect(shape?.[0], name).toBe('batch');
	});
});

describe.each(models.filter((file) => file.endsWith('model-loop.onnx')))('samples/%s', (loop) => {
	test('gives at every position what the export with LinearAttention gives', async () => {
		const folder = join(samples, loop, '..');
		const operators = await Promise.all(
			['model-loop.onnx', 'model.onnx'].map(async (file) => {
				const { graph } = await indexModel(bytesSource(readFileSync(join(folder, file))));
				return graph.nodes.map(({ opType }) => opType);
			}),
		);
		expect(operators[0]).toContain('Loop');
		expect(operators[1]).toContain('LinearAttention');

		const prompt = readPrompt(folder);
		const answers: Float32Array[] = [];
		for (const file of ['model-loop.onnx', 'model.onnx']) {
			const session = await openModel(folder, file);
			answers.push((await runTokens(session, prompt)).logits);
			await session.release();
		}
		const [token, chunk] = answers as [Float32Array, Float32Array];
		expect(token.length).toBe(chunk.length);
		const worst = token.reduce((w, value, i) => Math.max(w, Math.abs(value - chunk[i]!)), 0);
		expect(worst).toBeLessThan(TOLERANCE);
	}, 60_000);
});
