import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../kernels/common/seeded.ts';
import { everything } from '../../test/models/everything.ts';
import { mended, mutated } from '../../test/models/mutate.ts';
import { FormatError, type ByteSource } from './byte-source.ts';
import { indexModel } from './index-model.ts';
import type { ModelIndex } from './model-index.ts';

/** Longer than any of these files takes, on a machine that is busy with something else too. */
const HANG_MS = 5_000;

/** Fails the test, not the file, when it is asked for what the file does not have. */
function watched(bytes: Uint8Array): ByteSource {
	return {
		size: bytes.length,
		async read(offset, length) {
			await Promise.resolve();
			if (offset < 0 || length < 0 || length > bytes.length - offset) {
				throw new Error(`asked for ${length} bytes at ${offset} of ${bytes.length}`);
			}
			return bytes.subarray(offset, offset + length);
		},
	};
}

/** The index or the error, which must be a `FormatError` at a byte of the file; `what` names the case on failure. */
async function outcome(bytes: Uint8Array, what: string): Promise<ModelIndex | FormatError> {
	const started = performance.now();
	try {
		return await indexModel(watched(bytes));
	} catch (error) {
		if (!(error instanceof FormatError))
			throw new Error(`${what}: ${String(error)}`, { cause: error });
		if (!(error.at >= 0 && error.at <= bytes.length)) throw new Error(`${what}: at ${error.at}`);
		return error;
	} finally {
		const took = performance.now() - started;
		if (took > HANG_MS) expect.fail(`${what}: took ${took} ms`);
	}
}

/** Where no weights are: the bytes of which a model's structure consists. */
async function structureOf(bytes: Uint8Array): Promise<number[]> {
	const { graph } = await indexModel(watched(bytes));
	const weights = new Uint8Array(bytes.length);
	for (const { data, values } of graph.initializers.values()) {
		if (data && !values) weights.fill(1, data.offset, data.offset + data.length);
	}
	return Array.from(bytes.keys()).filter((at) => weights[at] === 0);
}

describe('the index of a model that was cut', () => {
	it('is refused at every byte of the structure of the sample', { timeout: 120_000 }, async () => {
		const bytes = new Uint8Array(readFileSync('samples/mqar-softmax/model.onnx'));
		const opset = (await indexModel(watched(bytes))).opsets[0]!.field!;
		for (const end of await structureOf(bytes)) {
			const found = await outcome(bytes.subarray(0, end), `cut after ${end} bytes`);
			const complete = end === opset.offset;
			if (found instanceof FormatError !== !complete) throw new Error(`cut after ${end} bytes`);
		}
	});

	it('is one or a FormatError inside every message', { timeout: 60_000 }, async () => {
		const bytes = everything();
		for (let end = 0; end < bytes.length; end++) {
			await outcome(mended(bytes, end), `cut after ${end} bytes, lengths mended`);
		}
	});
});

describe('the index of a model that was damaged', () => {
	it.each([1, 2, 3, 4, 5])(
		'is a model or a FormatError, seed %i, two thousand times on the sample',
		{ timeout: 120_000 },
		async (seed) => {
			const bytes = new Uint8Array(readFileSync('samples/mqar-softmax/model-plain.onnx'));
			const places = await structureOf(bytes);
			const random = seeded(seed);
			let refused = 0;
			for (let i = 0; i < 2_000; i++) {
				const found = await outcome(mutated(bytes, places, random), `seed ${seed}, case ${i}`);
				if (found instanceof FormatError) refused++;
			}
			expect(refused).toBeGreaterThan(100);
			expect(refused).toBeLessThan(2_000);
		},
	);

	it('is the same on one of every kind of message', { timeout: 120_000 }, async () => {
		const bytes = everything();
		const places = Array.from(bytes.keys());
		const random = seeded(6);
		for (let i = 0; i < 10_000; i++) {
			await outcome(mutated(bytes, places, random), `seed 6, case ${i}`);
		}
	});
});
