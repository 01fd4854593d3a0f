import { describe, it } from 'vitest';
import { testDevice } from '../../test/gpu/device.ts';
import { expectSameMemory, expectSameResults } from '../../test/gpu/same-results.ts';
import { memoryShapes, nameOf, randomMemory } from '../common/memory/cases.ts';
import { tolerances } from './cases.ts';
import { gatedDeltaRule } from './gated-delta-rule.ts';

const device = await testDevice();

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
});
