import { runKernel } from '../common/run-kernel.ts';
import { arrayOf, indexOf, offsetOf } from '../common/tensors.ts';
import scoreTermsShader from './score-terms.wgsl';
import { operator, refuse, type SuperposedInputs, type SuperposedShape } from './shape.ts';

/** One entry of one cell's scores. */
export interface ScorePlace {
	/** The cell, as in the batch of q: `(b·M + m)·N + n`. */
	readonly batch: number;
	readonly head: number;
	readonly query: number;
	readonly key: number;
}

export interface ScoreTerms {
	/** What the feature map sees of this pair: `⟨Q̃_n, K̃_m⟩ / √K`, the sum of all terms. */
	readonly score: number;
	/** The cell's own `⟨q_mn, k_mn⟩ / (K·M·N)`. */
	readonly own: number;
	/** `[M, N]`: the term of queries (m′, n) with keys (m, n′); `own` stands at (m, n), the rest is crosstalk. */
	readonly terms: Float64Array;
}

/** @throws KernelError `shape` when the place is outside the grid. */
export async function scoreTerms(
	device: GPUDevice | undefined,
	inputs: SuperposedInputs,
	shape: SuperposedShape,
	place: ScorePlace,
): Promise<ScoreTerms> {
	const { B, M, N, H, T } = shape;
	checkPlace('batch', place.batch, B * M * N);
	checkPlace('head', place.head, H);
	checkPlace('query', place.query, T);
	checkPlace('key', place.key, T);
	const terms = device
		? Float64Array.from(await termsOnDevice(device, inputs, shape, place))
		: termsReference(inputs, shape, place);
	return {
		score: terms.reduce((sum, term) => sum + term, 0),
		own: terms[place.batch % (M * N)]!,
		terms,
	};
}

function termsReference(
	{ q, k, keys, mask }: SuperposedInputs,
	{ M, N, K }: SuperposedShape,
	{ batch, head, query, key }: ScorePlace,
): Float64Array {
	const [queries, stored] = [arrayOf(operator, 'q', q), arrayOf(operator, 'k', k)];
	const first = batch - (batch % (M * N));
	return Float64Array.from({ length: M * N }, (_, at) => {
		const queryCell = Math.floor(at / N) * N + (batch % N);
		const keyCell = (Math.floor(batch / N) % M) * N + (at % N);
		let sum = 0;
		for (let d = 0; d < K; d++) {
			sum +=
				queries[indexOf(q, first + queryCell, head, query, d)]! *
				keys[queryCell * K + d]! *
				stored[indexOf(k, first + keyCell, head, key, d)]! *
				keys[keyCell * K + d]!;
		}
		const kept = mask
			? arrayOf(operator, 'mask', mask)[indexOf(mask, first + keyCell, 0, key, 0)]!
			: 1;
		return (sum * kept) / (K * M * N);
	});
}

async function termsOnDevice(
	device: GPUDevice,
	{ q, k, keys, mask }: SuperposedInputs,
	{ M, N, K }: SuperposedShape,
	{ batch, head, query, key }: ScorePlace,
): Promise<Float32Array> {
	const [terms] = await runKernel(device, operator, (recording) => {
		const target = recording.output(M * N);
		const grid = Math.floor(batch / (M * N));
		recording.dispatch({
			label: `${operator}: score terms`,
			shader: scoreTermsShader,
			constants: { masked: mask !== undefined },
			whole: [
				...[...q.strides, ...k.strides, ...(mask?.strides ?? [0, 0, 0, 0])],
				...[offsetOf(q), offsetOf(k), mask ? offsetOf(mask) : 0],
				...[M, N, K, grid, Math.floor(batch / N) % M, batch % N, head, query, key],
			],
			real: [1 / (K * M * N)],
			buffers: [
				...[recording.input(q.data), recording.input(k.data), recording.input(keys)],
				...[recording.input(mask?.data ?? new Float32Array(1)), target],
			],
			workgroups: [Math.ceil((M * N) / 64)],
		});
		return [{ buffer: target, length: M * N }];
	});
	return terms!;
}

function checkPlace(name: string, index: number, size: number): void {
	if (Number.isInteger(index) && index >= 0 && index < size) return;
	refuse(`${name} goes from 0 to ${size - 1}, got ${index}`);
}
