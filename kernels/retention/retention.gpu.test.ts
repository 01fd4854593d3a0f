import { describe, it } from 'vitest';
import { testDevice } from '../../test/gpu/device.ts';
import { expectSameResults } from '../../test/gpu/same-results.ts';
import { cases, randomRetention, tolerances } from './cases.ts';
import { retention } from './retention.ts';

const device = await testDevice();

describe.skipIf(!device)('retention, shaders', () => {
	it.each(cases.map((each) => [each.name, each] as const))(
		'agree with the reference: %s',
		async (_name, { shape, options }) => {
			const inputs = randomRetention(shape);
			const gpu = retention(device, inputs, shape, options);
			await expectSameResults(gpu, retention(undefined, inputs, shape, options), tolerances);
		},
	);
});
