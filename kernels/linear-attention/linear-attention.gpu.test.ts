import { describe, it } from 'vitest';
import { testDevice } from '../../test/gpu/device.ts';
import { expectSameMemory, expectSameResults } from '../../test/gpu/same-results.ts';
import { cases, inputsOf, tolerances } from './cases.ts';
import { linearAttention } from './linear-attention.ts';

const device = await testDevice();

describe.skipIf(!device)('linear attention, shaders', () => {
	it.each(cases.map((each) => [each.name, each] as const))(
		'agree with the reference: %s',
		async (_name, each) => {
			const inputs = inputsOf(each);
			const gpu = linearAttention(device, inputs, each.shape, each.options);
			const reference = linearAttention(undefined, inputs, each.shape, each.options);
			await expectSameResults(gpu, reference, tolerances);
			await expectSameMemory(gpu, reference, tolerances);
		},
	);
});
