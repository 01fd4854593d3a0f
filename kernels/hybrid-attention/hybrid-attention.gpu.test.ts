import { describe, expect, it } from 'vitest';
import { testDevice } from '../../test/gpu/device.ts';
import { expectSameMemory, expectSameResults } from '../../test/gpu/same-results.ts';
import { closeness } from '../common/closeness.ts';
import { cases, randomHybrid, tolerances } from './cases.ts';
import { hybridAttention } from './hybrid-attention.ts';

const device = await testDevice();

describe.skipIf(!device)('hybrid attention, shaders', () => {
	it.each(cases.map((each) => [each.name, each] as const))(
		'agree with the reference: %s',
		async (_name, { shape, options }) => {
			const inputs = randomHybrid(shape);
			const gpu = hybridAttention(device, inputs, shape, options);
			const reference = hybridAttention(undefined, inputs, shape, options);
			await expectSameResults(gpu.softmax, reference.softmax, tolerances);
			await expectSameResults(gpu.state, reference.state, tolerances);
			await expectSameMemory(gpu.state, reference.state, tolerances);
			const mixed = closeness(await gpu.output(), await reference.output());
			expect(mixed.ratio).toBeLessThan(tolerances.weights);
		},
	);
});
