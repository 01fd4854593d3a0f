import { describe, it } from 'vitest';
import { testDevice } from '../../test/gpu/device.ts';
import { expectSameResults } from '../../test/gpu/same-results.ts';
import { cases, randomSelective, tolerances } from './cases.ts';
import { selectiveAttention } from './selective-attention.ts';

const device = await testDevice();

describe.skipIf(!device)('selective attention, shaders', () => {
	it.each(cases.map((each) => [each.name, each] as const))(
		'agree with the reference: %s',
		async (_name, { shape, options }) => {
			const inputs = randomSelective(shape);
			const gpu = selectiveAttention(device, inputs, shape, options);
			const reference = selectiveAttention(undefined, inputs, shape, options);
			await expectSameResults(gpu, reference, tolerances);
		},
	);
});
