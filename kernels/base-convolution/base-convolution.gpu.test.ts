import { describe, it } from 'vitest';
import { testDevice } from '../../test/gpu/device.ts';
import { expectSameResults } from '../../test/gpu/same-results.ts';
import { baseConvolution } from './base-convolution.ts';
import { randomInputs, shapes, tolerances } from './cases.ts';

const device = await testDevice();

describe.skipIf(!device)('base convolution, shader', () => {
	it.each(shapes.map((shape) => [JSON.stringify(shape), shape] as const))(
		'agrees with the reference at %s',
		async (_name, shape) => {
			const inputs = randomInputs(shape);
			const gpu = baseConvolution(device, inputs, shape);
			await expectSameResults(gpu, baseConvolution(undefined, inputs, shape), tolerances);
		},
	);

	it('agrees without bias, gate and residual, oldest tap first', async () => {
		const shape = shapes[1]!;
		const { u, filter } = randomInputs(shape);
		const ask = (gpu: GPUDevice | undefined) =>
			baseConvolution(gpu, { u, filter }, shape, { residual: false, taps: 'oldest-first' });
		await expectSameResults(ask(device), ask(undefined), tolerances);
	});
});
