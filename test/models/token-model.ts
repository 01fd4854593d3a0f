import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web';
import { readNpz } from './npz.ts';

/** What a sample's `metrics.json` says of one set of weights, as `samples/common/records.py` writes it. */
export interface Answers {
	/** PyTorch's logits of the prompt, one row for each asked position. */
	readonly prompt: { readonly positions: number[]; readonly logits: number[][] };
	readonly testSet: { readonly file: string; readonly examples: number; readonly accuracy: number };
}

export interface TokenSample extends Answers {
	readonly name: string;
	/** Each `.onnx` of the folder, and whose weights it holds: an entry of `variants`, or null for the sample's own. */
	readonly models: Readonly<Record<string, string | null>>;
	readonly variants?: Readonly<Record<string, Answers>>;
}

/** Token ids `[rows, length]`, row-major. */
export interface Tokens {
	readonly data: readonly number[];
	readonly rows: number;
	readonly length: number;
}

export function readPrompt(folder: string): Tokens {
	const { inputs } = JSON.parse(readFileSync(join(folder, 'prompt.json'), 'utf8')) as {
		inputs: { input_ids: { shape: [number, number]; data: number[] } };
	};
	const [rows, length] = inputs.input_ids.shape;
	return { data: inputs.input_ids.data, rows, length };
}

export function readTestSet(folder: string, file: string): { tokens: Tokens; labels: number[] } {
	const arrays = readNpz(readFileSync(join(folder, file)));
	const tokens = arrays.get('tokens')!;
	const [rows, length] = tokens.shape;
	return {
		tokens: { data: [...tokens.data], rows: rows!, length: length! },
		labels: [...arrays.get('labels')!.data],
	};
}

export async function openModel(folder: string, file: string): Promise<ort.InferenceSession> {
	ort.env.wasm.numThreads = 1;
	return ort.InferenceSession.create(new Uint8Array(readFileSync(join(folder, file))));
}

/** Logits `[rows, length, vocabulary]`, row-major. */
export async function runTokens(
	session: ort.InferenceSession,
	{ data, rows, length }: Tokens,
): Promise<{ logits: Float32Array; vocabulary: number }> {
	const ids = new ort.Tensor('int64', BigInt64Array.from(data, BigInt), [rows, length]);
	const { logits } = await session.run({ input_ids: ids }, ['logits']);
	return { logits: logits!.data as Float32Array, vocabulary: logits!.dims[2]! };
}

/** The share of labelled positions whose largest logit is the label. */
export async function accuracyOf(
	session: ort.InferenceSession,
	tokens: Tokens,
	labels: readonly number[],
): Promise<number> {
	const atOnce = 100;
	let right = 0;
	for (let row = 0; row < tokens.rows; row += atOnce) {
		const from = row * tokens.length;
		const rows = Math.min(atOnce, tokens.rows - row);
		const data = tokens.data.slice(from, from + rows * tokens.length);
		const { logits, vocabulary } = await runTokens(session, { data, rows, length: tokens.length });
		for (let i = 0; i < data.length; i++) {
			const label = labels[from + i]!;
			if (label >= 0 && largest(logits, i * vocabulary, vocabulary) === label) right++;
		}
	}
	return right / labels.filter((label) => label >= 0).length;
}

function largest(values: Float32Array, from: number, count: number): number {
	let best = 0;
	for (let i = 1; i < count; i++) if (values[from + i]! > values[from + best]!) best = i;
	return best;
}
