import { describe, expect, it } from 'vitest';
import { testDevice } from '../../test/gpu/device.ts';
import { closeness } from '../common/closeness.ts';
import { laidOut, type GpuTensor } from '../common/tensors.ts';
import { cases, randomInputs, statisticTolerance, tolerance } from './cases.ts';
import { softmaxAttention, type SoftmaxShape } from './softmax-attention.ts';

const device = await testDevice();
const square: SoftmaxShape = { B: 2, H: 2, keyHeads: 2, T: 70, S: 70, K: 6, V: 5 };

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

			const { values } = await gpu.weights(all);
			const weights = closeness(values, (await reference.weights(all)).values);
			expect(weights.ratio).toBeLessThan(tolerance);
			const output = closeness(await gpu.output(), await reference.output());
			expect(output.ratio).toBeLessThan(tolerance);

			const [found, expected] = [await gpu.rowStatistics(), await reference.rowStatistics()];
			for (const name of ['entropy', 'largest', 'self', 'distance', 'negative', 'mass'] as const) {
				expect(closeness(found[name], expected[name]).ratio, name).toBeLessThan(statisticTolerance);
			}
			expect(found.largestAt).toEqual(expected.largestAt);
		},
	);

	it('give a rectangle that is a part of the whole', async () => {
		const gpu = softmaxAttention(device, randomInputs(square), square, { causal: true });
		const whole = await gpu.weights({ batch: 1, head: 1, rows: [0, 70], columns: [0, 70] });
		const part = await gpu.weights({ batch: 1, head: 1, rows: [33, 65], columns: [3, 68] });
		const expected = Array.from({ length: 32 }, (_, row) =>
			Array.from(whole.values.subarray((row + 33) * 70 + 3, (row + 33) * 70 + 68)),
		);
		expect(Array.from(part.values)).toEqual(expected.flat());
	});

	it('pool to the cells that the reference pools to, across blocks', async () => {
		const shape = { B: 1, H: 1, keyHeads: 1, T: 900, S: 900, K: 4, V: 1 };
		const inputs = randomInputs(shape);
		const rectangle = { batch: 0, head: 0, rows: [5, 898], columns: [10, 899] } as const;
		const most = { rows: 7, columns: 40 };
		const gpu = await softmaxAttention(device, inputs, shape).pyramid(rectangle, most);
		const expected = await softmaxAttention(undefined, inputs, shape).pyramid(rectangle, most);
		expect([gpu.cells, gpu.cellSize]).toEqual([expected.cells, expected.cellSize]);
		for (const field of ['mean', 'max', 'min'] as const) {
			expect(closeness(gpu[field], expected[field]).ratio, field).toBeLessThan(tolerance);
		}
	});

	it('find no residual for the own output, and the right one for a perturbed one', async () => {
		const inputs = randomInputs(square);
		const gpu = softmaxAttention(device, inputs, square);
		const output = await gpu.output();
		const given = (data: Float32Array<ArrayBuffer>) => laidOut(data, 'BHTK', [2, 2, 70, 5]);
		expect((await gpu.residual(given(Float32Array.from(output)))).overall).toBe(0);
		const louder = await gpu.residual(given(output.map((x, i) => (i < 350 ? x * 1.25 : x))));
		expect(louder.heads[0]).toBeCloseTo(0.2, 6);
		expect(Array.from(louder.heads.subarray(1))).toEqual([0, 0, 0]);
		const broken = await gpu.residual(given(output.map((x, i) => (i === 9 ? NaN : x))));
		expect(broken.overall).toBeNaN();
	});

	it('read tensors where they lie on the device, packed and with an offset, and leave them there', async () => {
		const { B, H, T, K } = square;
		const shape = { ...square, V: K };
		const packed = randomInputs({ ...square, T: 3 * T * 2, K, V: 1 }).q.data.subarray(
			0,
			B * T * 3 * H * K,
		);
		const skipped = 12;
		const buffer = device!.createBuffer({
			size: skipped + packed.byteLength,
			usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
		});
		device!.queue.writeBuffer(buffer, skipped, packed);
		const read = (data: GpuTensor | Float32Array<ArrayBuffer>, part: number) => ({
			data,
			offset: part * H * K,
			strides: [T * 3 * H * K, K, 3 * H * K, 1] as const,
		});
		const inputs = (data: GpuTensor | Float32Array<ArrayBuffer>) => ({
			q: read(data, 0),
			k: read(data, 1),
			v: read(data, 2),
		});
		const tensor = { buffer, offsetBytes: skipped, length: packed.length };
		const expected = await softmaxAttention(undefined, inputs(packed), shape).output();
		for (let again = 0; again < 2; again++) {
			const output = await softmaxAttention(device, inputs(tensor), shape).output();
			expect(closeness(output, expected).ratio).toBeLessThan(tolerance);
		}
		buffer.destroy();
	});

	it('say what the device refused', async () => {
		const destroyed = device!.createBuffer({ size: 1680, usage: GPUBufferUsage.STORAGE });
		destroyed.destroy();
		const inputs = {
			...randomInputs(square),
			v: { ...randomInputs(square).v, data: { buffer: destroyed, length: 1400 } },
		};
		await expect(softmaxAttention(device, inputs, square).output()).rejects.toMatchObject({
			reason: 'device',
		});
	});
});
