import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web';
import { describe, expect, test, vi } from 'vitest';
import { readNpz } from './npz.ts';
import { readSafetensors, type StoredTensor } from './safetensors.ts';
import { openModel } from './token-model.ts';

const folder = join(import.meta.dirname, '../../samples/superposed-and');

/** Sums of a thousand numbers near 1 in another order: WASM measures under 1e-5. */
const TOLERANCE = 2e-4;

// a whole model runs in each test, on a machine that may be busy
vi.setConfig({ testTimeout: 60_000 });

interface Variant {
	readonly file: string;
	readonly prompt: Readonly<Record<string, number[]>>;
	readonly layers: readonly { readonly exact: number }[];
}
const metrics = JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8')) as {
	models: Record<string, string>;
	variants: Record<string, Variant>;
};

function codeOf(variant: string): ReadonlyMap<string, StoredTensor> {
	return readSafetensors(readFileSync(join(folder, `code-${variant}.safetensors`)));
}

/** Which features are on, a set for each stored input. */
function storedInputs(file: string): Set<number>[] {
	const { shape, data } = readNpz(readFileSync(join(folder, file))).get('on')!;
	const [rows, width] = shape as [number, number];
	return Array.from(
		{ length: rows },
		(_, i) => new Set([...data.slice(i * width, (i + 1) * width)].filter((f) => f >= 0)),
	);
}

/** `x = C y` for each input, `[inputs, n]`: a sum of columns of C, whose signs are bits, the highest first. */
function compress(inputs: readonly Set<number>[], signs: StoredTensor): Float32Array {
	const [n, bytes] = signs.shape as [number, number];
	const x = new Float32Array(inputs.length * n);
	for (const [row, on] of inputs.entries()) {
		for (let i = 0; i < n; i++) {
			let sum = 0;
			for (const feature of on) {
				const byte = signs.data[i * bytes + (feature >> 3)]!;
				sum += (byte >> (7 - (feature & 7))) & 1 ? 1 : -1;
			}
			x[row * n + i] = sum / Math.sqrt(n);
		}
	}
	return x;
}

/** The pairs whose members are both in the set. */
function truePairs(on: ReadonlySet<number>, pairs: StoredTensor): Set<number> {
	const outputs = new Set<number>();
	for (let p = 0; p < pairs.shape[0]!; p++) {
		if (on.has(pairs.data[2 * p]!) && on.has(pairs.data[2 * p + 1]!)) outputs.add(p);
	}
	return outputs;
}

/** The outputs whose neurons, in one input's `h`, have a mean above one half. */
function readChannels(h: Float32Array, channels: StoredTensor): Set<number> {
	const [outputs, size] = channels.shape as [number, number];
	const found = new Set<number>();
	for (let p = 0; p < outputs; p++) {
		let sum = 0;
		for (let i = 0; i < size; i++) sum += h[channels.data[p * size + i]!]!;
		if (sum / size > 0.5) found.add(p);
	}
	return found;
}

const same = (a: ReadonlySet<number>, b: ReadonlySet<number>) =>
	a.size === b.size && [...a].every((element) => b.has(element));

async function run(file: string, x: Float32Array, rows: number) {
	const session = await openModel(folder, file);
	const outputs = await session.run({ x: new ort.Tensor('float32', x, [rows, x.length / rows]) });
	await session.release();
	return outputs;
}

describe.each(Object.entries(metrics.models))('samples/superposed-and/%s', (file, name) => {
	const variant = metrics.variants[name]!;
	const inputs = storedInputs(variant.file);
	const code = codeOf(name);

	test('gives what PyTorch gave for the first stored input, alone and in a batch', async () => {
		for (const rows of [1, 3]) {
			const outputs = await run(file, compress(inputs.slice(0, rows), code.get('C.signs')!), rows);
			for (const [output, expected] of Object.entries(variant.prompt)) {
				const ours = (outputs[output]!.data as Float32Array).subarray(0, expected.length);
				const worst = ours.reduce((w, v, i) => Math.max(w, Math.abs(v - expected[i]!)), 0);
				expect(worst, output).toBeLessThan(TOLERANCE);
			}
		}
	});

	test('is right on as many stored inputs as PyTorch was', async () => {
		expect(inputs.length).toBeGreaterThanOrEqual(500);
		const outputs = await run(file, compress(inputs, code.get('C.signs')!), inputs.length);
		const first = inputs.map((on) => truePairs(on, code.get('layers.0.pairs')!));
		const said =
			name === 'trained'
				? [positiveScores(outputs['scores']!)]
				: [0, 1].map((layer) =>
						readAll(outputs[`h.${layer}`]!, code.get(`layers.${layer}.channels`)!),
					);
		const truths = [first];
		if (said.length > 1) truths.push(first.map((on) => truePairs(on, code.get('layers.1.pairs')!)));
		for (const [layer, answers] of said.entries()) {
			const right = answers.filter((answer, i) => same(answer, truths[layer]![i]!)).length;
			// one mean may lie so close to one half that rounding decides
			expect(Math.abs(right / inputs.length - variant.layers[layer]!.exact)).toBeLessThanOrEqual(
				0.002,
			);
		}
	});
});

function rowsOf({ data, dims }: ort.Tensor): Float32Array[] {
	const [rows, width] = dims as [number, number];
	return Array.from({ length: rows }, (_, i) =>
		(data as Float32Array).subarray(i * width, (i + 1) * width),
	);
}

function readAll(h: ort.Tensor, channels: StoredTensor): Set<number>[] {
	return rowsOf(h).map((row) => readChannels(row, channels));
}

function positiveScores(scores: ort.Tensor): Set<number>[] {
	return rowsOf(scores).map((row) => new Set([...row.keys()].filter((p) => row[p]! > 0)));
}
