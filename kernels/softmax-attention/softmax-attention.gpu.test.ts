import { describe, expect, it } from 'vitest';
import { testDevice } from '../../test/gpu/device.ts';
import { closeness } from '../common/closeness.ts';
import { cases, randomInputs, statisticTolerance, tolerance } from './cases.ts';
import { softmaxAttention } from './softmax-attention.ts';

const device = await testDevice();

describe.skipIf(!device)('softmax attention, shaders', () => {
	it.each(cases.map((each) => [each.name, each] as const))(
		'agree with the reference: %s',
		async (_name, { shape, options, change }) => {
			const plain = randomInputs(shape);
			const inputs = change ? change(plain, shape) : plain;
			const gpu = softmaxAttention(device, inputs, shape, options);
			const reference = softmaxAttention(undefined, inputs, shape, options);
			const { T, S, B, H } = shape;
			const all = { batch: B - 1, head: H - 1, rows: [0, T], columns: [0, S] } as const;

			const weights = closeness(
				(await gpu.weights(all)).values,
				(await reference.weights(all)).values,
			);
			expect(weights.ratio).toBeLessThan(tolerance);
			const output = await gpu.output();
			expect(closeness(output, await reference.output()).ratio).toBeLessThan(tolerance);

			const [found, expected] = [await gpu.rowStatistics(), await reference.rowStatistics()];
			for (const name of ['entropy', 'largest', 'self', 'distance', 'negative', 'mass'] as const) {
				const { largest } = closeness(found[name], expected[name]);
				expect(largest, name).toBeLessThan(statisticTolerance);
			}
		},
		120_000,
	);
});
