import { describe, expect, it } from 'vitest';
import { ownDevice, testDevice } from '../../test/gpu/device.ts';
import { runKernel, type Recording } from './run-kernel.ts';

const device = await testDevice();

/** Writes 7 to the first `count` elements. */
const sevens = `
@group(0) @binding(0) var<uniform> count: u32;
@group(0) @binding(1) var<storage, read_write> o: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) { if (id.x < count) { o[id.x] = 7.0; } }
`;

const write =
	(count: number, length: number, shader = sevens) =>
	(recording: Recording) => {
		const buffer = recording.output(length);
		recording.dispatch({
			...{ label: 'sevens', shader, whole: [count], buffers: [buffer] },
			workgroups: [Math.ceil(length / 64)],
		});
		return [{ buffer, length }];
	};

describe.skipIf(!device)('running a kernel', () => {
	it('leaves NaN where a shader forgets, also in a buffer that was used before', async () => {
		for (let again = 0; again < 3; again++) {
			expect((await runKernel(device!, 'whole', write(70, 70)))[0]).toEqual(
				new Float32Array(70).fill(7),
			);
			const [values] = await runKernel(device!, 'short', write(69, 70));
			expect(Array.from(values!.subarray(67))).toEqual([7, 7, NaN]);
		}
	});

	it('runs several at once without mixing their buffers', async () => {
		const counts = [1, 20, 60, 3];
		const all = await Promise.all(
			counts.map((count) => runKernel(device!, 'many', write(count, 64))),
		);
		expect(all.map(([values]) => values!.filter((x) => x === 7).length)).toEqual(counts);
	});

	it("passes on the compiler's own words, and works again afterwards", async () => {
		const broken = sevens.replace('7.0', 'seven');
		await expect(runKernel(device!, 'typo', write(1, 1, broken))).rejects.toMatchObject({
			reason: 'device',
			message: expect.stringMatching(/^typo: .*seven/s) as string,
		});
		expect((await runKernel(device!, 'right', write(1, 1)))[0]).toEqual(Float32Array.of(7));
	});

	it('names the size of a buffer that the device cannot bind', async () => {
		const elements = device!.limits.maxStorageBufferBindingSize / 4 + 1;
		await expect(runKernel(device!, 'huge', write(1, elements))).rejects.toMatchObject({
			reason: 'limit',
			message: expect.stringContaining(`${elements * 4} bytes`) as string,
		});
	});

	it('says that a device was lost', async () => {
		const own = await ownDevice();
		expect((await runKernel(own!, 'first', write(2, 2)))[0]).toEqual(Float32Array.of(7, 7));
		own!.destroy();
		await expect(runKernel(own!, 'lost', write(2, 2))).rejects.toMatchObject({ reason: 'device' });
	});
});
