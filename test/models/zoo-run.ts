import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor, env } from 'onnxruntime-web';
import { planSiteProbes } from '../../extension/attention/graph-questions.ts';
import type { ProbePlan } from '../../extension/protocol/messages.ts';
import type { ModelIndex, ValueInfo } from '../../extension/onnx/model-index.ts';

/** A tensor that came out of a run. */
export interface Read {
	readonly dims: readonly number[];
	readonly data: Float64Array;
}

export interface RunTensor extends Read {
	/** In onnxruntime's words, as a run of the product has it. */
	readonly dtype: string;
}

/** Sizes of the zoo's free axes. */
const sizes: Readonly<Record<string, number>> = {
	batch: 2,
	seq: 5,
	source: 6,
	target: 4,
	past: 3,
	total: 8,
	cross: 6,
};

/**
 * Runs a model of the zoo on inputs made from its declared types, and reads the named tensors.
 *
 * @param given numbers for inputs that must be certain ones, such as lengths
 * @param prepare changes the file before the probes are put to it; their edits must still fit
 * @returns tensors by name; those that the graph cannot hand out are left out
 */
export async function runAndRead(
	path: URL,
	index: ModelIndex,
	names: readonly string[],
	given: Readonly<Record<string, readonly number[]>> = {},
	prepare: (file: Uint8Array) => Uint8Array = (file) => file,
): Promise<Map<string, RunTensor>> {
	env.wasm.numThreads = 1;
	env.logLevel = 'error';
	const plan = planSiteProbes(index, { taps: [...new Set(names)], overrides: [] });
	const session = await InferenceSession.create(patched(prepare(readFileSync(path)), plan));
	try {
		const inputs = index.graph.inputs.filter(({ name }) => !index.graph.initializers.has(name));
		const alike = inputs.some(({ name }) => name.startsWith('past'));
		const feeds = Object.fromEntries(
			inputs.map((input, at) => [input.name, made(input, at, alike, given[input.name])]),
		);
		const results = await session.run(feeds);
		return new Map(
			plan.outputs.flatMap(({ tensor, output }) => {
				const found = results[output] ?? feeds[tensor];
				return found ? [[tensor, asRead(found)] as const] : [];
			}),
		);
	} finally {
		await session.release();
	}
}

function patched(file: Uint8Array, plan: ProbePlan): Uint8Array {
	const bytes = new Uint8Array(file.length + plan.suffix.length);
	bytes.set(file);
	for (const { offset, bytes: edit } of plan.edits) bytes.set(edit, offset);
	bytes.set(plan.suffix, file.length);
	return bytes;
}

/** Small seeded numbers; ids under 20; masks of ones. */
function made(
	{ name, dtype, shape }: ValueInfo,
	seed: number,
	withPast: boolean,
	given: readonly number[] | undefined,
): Tensor {
	const dims = (shape ?? []).map((dim) => sizeOf(dim, name, withPast));
	const length = dims.reduce((a, b) => a * b, 1);
	const random = (i: number) => Math.sin(i * 12.9898 + seed * 78.233 + 1) * 43758.5453;
	const part = (i: number) => random(i) - Math.floor(random(i));
	if (dtype === 'int64') {
		const value = (i: number) => given?.[i] ?? (name === 'mask' ? 1 : Math.floor(part(i) * 20));
		return new Tensor(
			'int64',
			BigInt64Array.from({ length }, (_, i) => BigInt(value(i))),
			dims,
		);
	}
	const ones = Array.from({ length }, (_, i) => given?.[i] ?? 1);
	if (dtype === 'uint8') {
		const value = (i: number) => given?.[i] ?? Math.floor(part(i) * 256);
		return new Tensor(
			'uint8',
			Uint8Array.from({ length }, (_, i) => value(i)),
			dims,
		);
	}
	if (dtype === 'int8') {
		const value = (i: number) => given?.[i] ?? Math.floor(part(i) * 200) - 100;
		return new Tensor(
			'int8',
			Int8Array.from({ length }, (_, i) => value(i)),
			dims,
		);
	}
	if (dtype === 'int32') return new Tensor('int32', Int32Array.from(ones), dims);
	if (dtype === 'bool') return new Tensor('bool', Uint8Array.from(ones), dims);
	return new Tensor(
		'float32',
		Float32Array.from({ length }, (_, i) => 2 * part(i) - 1),
		dims,
	);
}

function sizeOf(dim: number | string | null, name: string, withPast: boolean): number {
	if (typeof dim === 'number') return dim;
	// a mask spans the past too, where there is one
	if (dim === 'total' && name === 'mask' && !withPast) return sizes['seq']!;
	return sizes[dim ?? ''] ?? 2;
}

function asRead({ type, dims, data }: Tensor): RunTensor {
	return {
		dtype: type,
		dims,
		data: Float64Array.from(data as unknown as ArrayLike<number>, Number),
	};
}
