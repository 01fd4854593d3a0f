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

	it('agree with the reference where a table alone is the matrix', async () => {
		const shape = { ...cases[3]!.shape, K: 1 };
		const ones = { data: Float32Array.of(1), strides: [0, 0, 0, 0] } as const;
		const inputs = { ...randomRetention(shape), q: ones, k: ones };
		const gpu = retention(device, inputs, shape);
		await expectSameResults(gpu, retention(undefined, inputs, shape), tolerances);
	});
});
