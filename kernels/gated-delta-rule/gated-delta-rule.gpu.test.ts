import { describe, expect, it } from 'vitest';
import { testDevice } from '../../test/gpu/device.ts';
import { expectSameMemory, expectSameResults } from '../../test/gpu/same-results.ts';
import { closeness } from '../common/closeness.ts';
import {
	memoryShape,
	memoryShapes,
	nameOf,
	normaliseRows,
	randomMemory,
} from '../common/memory/cases.ts';
import { tolerances } from './cases.ts';
import { gatedDeltaRule, type GatedDeltaInputs, type MemoryShape } from './gated-delta-rule.ts';

const device = await testDevice();

/** Both sides of a chunk (16), of a workgroup's value columns (32) and of four of them, and heads that are shared. */
const chunkShapes = [
	memoryShape(1, 1, 1, 1, 1),
	memoryShape(1, 2, 15, 5, 3),
	memoryShape(2, 1, 16, 4, 4),
	memoryShape(1, 2, 17, 7, 5),
	memoryShape(1, 1, 100, 33, 31),
	memoryShape(1, 2, 97, 16, 33),
	{ B: 2, H: 4, queryHeads: 2, keyHeads: 1, valueHeads: 4, T: 40, K: 6, V: 5 },
	memoryShape(1, 2, 300, 32, 32),
];

describe.skipIf(!device)('gated delta rule, shaders', () => {
	it.each(memoryShapes.map((shape) => [nameOf(shape), shape] as const))(
		'agree with the reference at %s',
		async (_name, shape) => {
			const { q, k, v, decay, beta } = randomMemory(shape);
			const inputs = { q, k, v, beta, decay: { tensor: decay, is: 'factor' } } as const;
			const gpu = gatedDeltaRule(device, inputs, shape);
			const reference = gatedDeltaRule(undefined, inputs, shape);
			await expectSameResults(gpu, reference, tolerances);
			await expectSameMemory(gpu, reference, tolerances);
		},
	);

	it.each(chunkShapes.map((shape) => [nameOf(shape), shape] as const))(
		'agree in chunks, going on from a state, at %s',
		async (_name, shape) => {
			const { q, k, v, decay, beta, initial } = randomMemory(shape);
			const log = { ...decay, data: decay.data.map(Math.log) };
			const inputs = { q, k, v, beta, initial, decay: { tensor: log, is: 'log' } } as const;
			await expectSameChunks(inputs, shape, tolerances.weights);
		},
	);

	it('agree in chunks where a decay of 0 forgets everything', async () => {
		const shape = memoryShape(1, 2, 40, 6, 5);
		const { q, k, v, decay, beta } = randomMemory(shape);
		decay.data.forEach((_, at) => at % 7 === 3 && (decay.data[at] = 0));
		const inputs = { q, k, v, beta, decay: { tensor: decay, is: 'factor' } } as const;
		await expectSameChunks(inputs, shape, tolerances.weights);
	});

	it('agree in chunks where keys resemble each other and β = 1', async () => {
		const shape = memoryShape(1, 1, 130, 128, 16);
		const { q, k, v, decay } = randomMemory(shape);
		const alike = k.data.map((x, at) => 0.7 * k.data[at % shape.K]! + 0.7 * x);
		normaliseRows(alike, shape.K);
		const inputs = {
			...{ q, v, k: { ...k, data: alike } },
			beta: { data: Float32Array.of(1), strides: [0, 0, 0, 0] },
			decay: { tensor: decay, is: 'factor' },
		} as const;
		await expectSameChunks(inputs, shape, tolerances.weights);
	});
});

async function expectSameChunks(
	inputs: GatedDeltaInputs,
	shape: MemoryShape,
	tolerance: number,
): Promise<void> {
	const gpu = gatedDeltaRule(device, inputs, shape, { algorithm: 'chunks' });
	const reference = gatedDeltaRule(undefined, inputs, shape);
	for (const name of ['output', 'written', 'finalState'] as const) {
		const { ratio } = closeness(await gpu[name](), await reference[name]());
		expect(ratio, name).toBeLessThan(tolerance);
	}
}
