import { describe, expect, it } from 'vitest';
import { testDevice } from '../../test/gpu/device.ts';
import { closeness } from '../common/closeness.ts';
import { laidOut, type GpuTensor } from '../common/tensors.ts';
import { cases, normals, randomInputs, tolerance } from './cases.ts';
import { superposedAttention } from './superposed-attention.ts';

const device = await testDevice();

describe.skipIf(!device)('superposed attention, shaders', () => {
	it.each(cases.map((each) => [each.name, each] as const))(
		'agree with the reference: %s',
		async (_name, { shape, options, masked = false }) => {
			const inputs = randomInputs(shape, { masked });
			const gpu = superposedAttention(device, inputs, shape, options);
			const reference = superposedAttention(undefined, inputs, shape, options);
			const { B, H, T, S, V } = gpu.shape;
			const all = { batch: B - 1, head: H - 1, rows: [0, T], columns: [0, S] } as const;

			const { values } = await gpu.weights(all);
			const weights = closeness(values, (await reference.weights(all)).values);
			expect(weights.ratio, 'weights').toBeLessThan(tolerance);
			const expected = await reference.output();
			expect(closeness(await gpu.output(), expected).ratio, 'output').toBeLessThan(tolerance);
			const denominators = await reference.denominators();
			expect(closeness(await gpu.denominators(), denominators).ratio).toBeLessThan(tolerance);
			const given = laidOut(Float32Array.from(expected), 'BHTK', [B, H, T, V]);
			expect((await gpu.residual(given)).overall, 'residual').toBeLessThan(tolerance);

			const place = { batch: shape.B * shape.M * shape.N - 1, head: H - 1, query: T - 1, key: 0 };
			const terms = await gpu.scoreTerms(place);
			const known = await reference.scoreTerms(place);
			expect(closeness(terms.terms, known.terms).ratio, 'terms').toBeLessThan(tolerance);
		},
	);

	it.each(cases.slice(1, 8).map((each) => [each.name, each] as const))(
		'have the statistics and the pyramid of the reference: %s',
		async (_name, { shape, options, masked = false }) => {
			const inputs = randomInputs(shape, { masked });
			const gpu = superposedAttention(device, inputs, shape, options);
			const reference = superposedAttention(undefined, inputs, shape, options);
			const [found, expected] = [await gpu.rowStatistics(), await reference.rowStatistics()];
			for (const name of ['entropy', 'largest', 'self', 'distance', 'negative', 'mass'] as const) {
				expect(closeness(found[name], expected[name]).ratio, name).toBeLessThan(tolerance);
			}
			const { T, S } = gpu.shape;
			const rectangle = { batch: 1, head: 0, rows: [1, T], columns: [2, S] } as const;
			const most = { rows: 3, columns: 4 };
			const pooled = await gpu.pyramid(rectangle, most);
			const { mean } = await reference.pyramid(rectangle, most);
			expect(closeness(pooled.mean, mean).ratio, 'pyramid').toBeLessThan(tolerance);
		},
	);

	it('read tensors where they lie on the device, tokens before heads and with an offset', async () => {
		const shape = { B: 1, M: 2, N: 2, H: 3, T: 10, K: 4, F: 16 };
		const packed = Float32Array.from({ length: 3 * 4 * 10 * 3 * 4 }, normals(11));
		const { keys, projection } = randomInputs(shape);
		const skippedBytes = 12;
		const buffer = device!.createBuffer({
			size: skippedBytes + packed.byteLength,
			usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
		});
		device!.queue.writeBuffer(buffer, skippedBytes, packed);
		const inputs = (data: GpuTensor | Float32Array<ArrayBuffer>) => {
			const read = (part: number) => ({
				data,
				offset: part * 12,
				strides: [360, 4, 36, 1] as const,
			});
			return { q: read(0), k: read(1), v: read(2), keys, projection };
		};
		const tensor = { buffer, offsetBytes: skippedBytes, length: packed.length };
		const expected = await superposedAttention(undefined, inputs(packed), shape).output();
		const output = await superposedAttention(device, inputs(tensor), shape).output();
		expect(closeness(output, expected).ratio).toBeLessThan(tolerance);
		buffer.destroy();
	});
});
