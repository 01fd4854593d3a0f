import { describe, expect, it } from 'vitest';
import { testDevice } from '../../test/gpu/device.ts';
import { expectSameMemory, expectSameResults } from '../../test/gpu/same-results.ts';
import { closeness } from '../common/closeness.ts';
import { memoryShapes, nameOf, randomMemory } from '../common/memory/cases.ts';
import { tolerances } from './cases.ts';
import { deltaRule } from './delta-rule.ts';

const device = await testDevice();

describe.skipIf(!device)('delta rule, shaders', () => {
	it.each(memoryShapes.filter(({ T }) => T < 500).map((shape) => [nameOf(shape), shape] as const))(
		'agree with the reference at %s',
		async (_name, shape) => {
			const { q, k, v, beta, initial } = randomMemory(shape);
			const inputs = { q, k, v, beta, initial };
			const gpu = deltaRule(device, inputs, shape);
			const reference = deltaRule(undefined, inputs, shape);
			await expectSameResults(gpu, reference, tolerances);
			await expectSameMemory(gpu, reference, tolerances);
		},
	);

	it('agree where keys resemble each other and β = 1', async () => {
		const shape = { ...memoryShapes[3]!, T: 130 };
		const { q, k, v } = randomMemory(shape);
		const keys = k.data;
		const alike = keys.map((x, at) => 0.7 * keys[at % shape.K]! + 0.3 * x);
		const lengths = new Float32Array(alike.length / shape.K);
		alike.forEach((x, at) => (lengths[Math.floor(at / shape.K)]! += x * x));
		const unit = alike.map((x, at) => x / Math.sqrt(lengths[Math.floor(at / shape.K)]!));
		const inputs = {
			...{ q, v, k: { ...k, data: unit } },
			beta: { data: Float32Array.of(1), strides: [0, 0, 0, 0] },
		} as const;
		const gpu = deltaRule(device, inputs, shape);
		await expectSameResults(gpu, deltaRule(undefined, inputs, shape), {
			weights: 2e-5,
			statistics: 1e-4,
		});
		const chunks = deltaRule(device, inputs, shape, { algorithm: 'chunks' });
		const output = await deltaRule(undefined, inputs, shape).output();
		// Measured 4.7e-7
		expect(closeness(await chunks.output(), output).ratio).toBeLessThan(tolerances.weights);
	});
});
