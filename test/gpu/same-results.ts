import { expect } from 'vitest';
import type { AttentionResults } from '../../kernels/common/attention-results.ts';
import { closeness } from '../../kernels/common/closeness.ts';
import type { MemoryResults } from '../../kernels/common/memory-results.ts';
import { laidOut } from '../../kernels/common/tensors.ts';

/** RMS error over RMS of the float64 reference that a result may have. */
export interface Tolerances {
	readonly weights: number;
	readonly statistics: number;
}

/** Holds every result of the family against the reference's, for the last head of the last batch. */
export async function expectSameResults(
	gpu: AttentionResults,
	reference: AttentionResults,
	tolerances: Tolerances,
): Promise<void> {
	const { B, H, T, S, V } = reference.shape;
	const all = { batch: B - 1, head: H - 1, rows: [0, T], columns: [0, S] } as const;
	const most = { rows: Math.ceil(T / 3), columns: Math.ceil(S / 5) };
	const close = (name: string, found: ArrayLike<number>, expected: ArrayLike<number>) => {
		expect(closeness(found, expected).ratio, name).toBeLessThan(tolerances.weights);
	};
	close('weights', (await gpu.weights(all)).values, (await reference.weights(all)).values);
	const output = await reference.output();
	close('output', await gpu.output(), output);
	const [pooled, pyramid] = [await gpu.pyramid(all, most), await reference.pyramid(all, most)];
	for (const field of ['mean', 'max', 'min'] as const) close(field, pooled[field], pyramid[field]);

	const [found, expected] = [await gpu.rowStatistics(), await reference.rowStatistics()];
	for (const name of ['entropy', 'largest', 'self', 'distance', 'negative', 'mass'] as const) {
		// An entropy that is 0 in float64 leaves nothing to be relative to
		const { ratio, largest } = closeness(found[name], expected[name]);
		expect(Math.min(ratio, largest), name).toBeLessThan(tolerances.statistics);
	}
	expect(found.largestAt).toEqual(expected.largestAt);

	const given = laidOut(Float32Array.from(output), 'BHTK', [B, H, T, V]);
	expect((await gpu.residual(given)).overall).toBeLessThan(tolerances.weights);
	await expectSameOverview(gpu, reference, tolerances);
}

/** Holds the one pass over `M` against the reference's, for an output that two heads in three have right. */
async function expectSameOverview(
	gpu: AttentionResults,
	reference: AttentionResults,
	tolerances: Tolerances,
): Promise<void> {
	const { B, H, T, V } = reference.shape;
	const wrong = (await reference.output()).map((value, at) =>
		Math.floor(at / (T * V)) % 3 === 0 ? 1.25 * value : value,
	);
	const request = {
		given: laidOut(Float32Array.from(wrong), 'BHTK', [B, H, T, V]),
		batch: B - 1,
		most: { rows: 5, columns: 3 },
	};
	const steps: number[] = [];
	const found = await gpu.overview(request, (done) => steps.push(done));
	const expected = await reference.overview(request);
	expect(steps[0]).toBe(0);
	found.residual.heads.forEach((value, head) => {
		expect(Math.abs(value - expected.residual.heads[head]!)).toBeLessThan(tolerances.weights);
	});
	for (const name of ['entropy', 'largest', 'mass'] as const) {
		const { ratio, largest } = closeness(found.statistics[name], expected.statistics[name]);
		expect(Math.min(ratio, largest), name).toBeLessThan(tolerances.statistics);
	}
	expect(found.pyramids).toHaveLength(H);
	found.pyramids.forEach((pyramid, head) => {
		expect([pyramid.head, pyramid.batch, pyramid.cells]).toEqual([
			head,
			B - 1,
			expected.pyramids[head]!.cells,
		]);
		for (const field of ['mean', 'max', 'min'] as const) {
			const { ratio } = closeness(pyramid[field], expected.pyramids[head]![field]);
			expect(ratio, `overview ${field}`).toBeLessThan(tolerances.weights);
		}
	});
}

/** The same for what a memory answers beside the family. */
export async function expectSameMemory(
	gpu: MemoryResults,
	reference: MemoryResults,
	tolerances: Tolerances,
): Promise<void> {
	const { B, H, T } = reference.shape;
	const where = { batch: B - 1, head: H - 1 };
	const close = (name: string, found: ArrayLike<number>, expected: ArrayLike<number>) => {
		expect(closeness(found, expected).ratio, name).toBeLessThan(tolerances.weights);
	};
	const after = [T, 0, Math.ceil(T / 2)];
	const [states, expected] = [
		await gpu.states({ ...where, after }),
		await reference.states({ ...where, after }),
	];
	states.forEach((state, at) => {
		expect(state.after).toBe(after[at]);
		close('state', state.values, expected[at]!.values);
		close('singular values', state.singularValues, expected[at]!.singularValues);
		expect(state.effectiveRank).toBeCloseTo(expected[at]!.effectiveRank, 3);
	});
	close('final state', await gpu.finalState(), await reference.finalState());

	close('written', await gpu.written(), await reference.written());

	const writes = [0, Math.floor(T / 3), T - 1];
	const [kept, retention] = [
		await gpu.retention({ ...where, writes }),
		await reference.retention({ ...where, writes }),
	];
	close('retention', kept.returned, retention.returned);

	const pair = { ...where, write: Math.floor(T / 3), read: T - 1 };
	const [ledger, account] = [await gpu.ledger(pair), await reference.ledger(pair)];
	const flat = ({ intact, left, faded, erased }: typeof ledger) => [
		intact,
		left,
		...faded,
		...erased,
	];
	close('ledger', flat(ledger), flat(account));
}
