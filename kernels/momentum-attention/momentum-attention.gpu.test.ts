import { describe, expect, it } from 'vitest';
import { testDevice } from '../../test/gpu/device.ts';
import { closeness } from '../common/closeness.ts';
import { laidOut } from '../common/tensors.ts';
import { cases, forceTolerance, randomInputs, symmetric, tolerance } from './cases.ts';
import {
	advance,
	advanceOnDevice,
	momentumAttention,
	noDamping,
	rungeKutta,
	softmaxFlow,
	softmaxFlowOnDevice,
	softmaxSystem,
	softmaxSystemOnDevice,
	type Phase,
	normals,
} from './momentum-attention.ts';

const device = await testDevice();

describe.skipIf(!device)('the block’s matrix, shaders', () => {
	it.each(cases.map((each) => [each.name, each] as const))(
		'agree with the reference: %s',
		async (_name, shape) => {
			const inputs = randomInputs(shape);
			const gpu = momentumAttention(device, inputs, shape);
			const reference = momentumAttention(undefined, inputs, shape);
			const { B, T, D } = shape;
			const all = { batch: B - 1, head: 0, rows: [0, T], columns: [0, T] } as const;
			const { values } = await gpu.weights(all);
			expect(closeness(values, (await reference.weights(all)).values).ratio).toBeLessThan(
				tolerance,
			);
			const expected = Float32Array.from(await reference.output());
			expect(closeness(await gpu.output(), expected).ratio).toBeLessThan(tolerance);
			const given = laidOut(expected, 'BHTK', [B, 1, T, D]);
			expect((await gpu.residual(given)).overall).toBeLessThan(tolerance);
			const [found, known] = [await gpu.rowStatistics(), await reference.rowStatistics()];
			for (const name of ['entropy', 'largest', 'self', 'distance', 'negative', 'mass'] as const) {
				expect(closeness(found[name], known[name]).ratio, name).toBeLessThan(tolerance);
			}
		},
	);
});

describe.skipIf(!device)('forces between particles, shaders', () => {
	const setup = (particles: number, width: number) => ({
		...{ particles, width },
		scores: symmetric(width, 0.1, 0.2, 1),
		mobility: symmetric(width, 0.1, 1, 2),
	});
	const drawn = (length: number, seed: number) => {
		const normal = normals(seed);
		return Float64Array.from({ length }, () => 0.5 * normal());
	};

	it.each([
		[1, 1],
		[63, 2],
		[64, 3],
		[65, 4],
		[257, 1],
		[1000, 2],
	])('agree with the reference: %i particles of %i coordinates', async (particles, width) => {
		const parameters = setup(particles, width);
		const [x, y] = [drawn(particles * width, 3), drawn(particles * width, 4)];
		const gpu = softmaxSystemOnDevice(device!, parameters);
		const reference = softmaxSystem(parameters);
		const found = await gpu.rates({ x, y, wants: 'both' });
		const expected = reference.rates({ x, y, wants: 'both' });
		expect(closeness(found.velocity, expected.velocity).ratio).toBeLessThan(forceTolerance);
		expect(closeness(found.force, expected.force).ratio).toBeLessThan(forceTolerance);
		const [energy, known] = [await gpu.energy({ x, y }), reference.energy({ x, y })];
		expect(Math.abs(energy.potential / known.potential - 1)).toBeLessThan(forceTolerance);
		expect(Math.abs(energy.kinetic / known.kinetic - 1)).toBeLessThan(forceTolerance);
	});

	it('move a cloud as the reference moves it', async () => {
		const parameters = setup(200, 2);
		let far: Phase = { x: drawn(400, 5), y: drawn(400, 6), time: 0 };
		let near = far;
		const [gpu, reference] = [
			softmaxSystemOnDevice(device!, parameters),
			softmaxSystem(parameters),
		];
		for (let step = 0; step < 5; step++) {
			far = await advanceOnDevice(gpu, rungeKutta, far, 1e-3, noDamping);
			near = advance(reference, rungeKutta, near, 1e-3, noDamping);
		}
		expect(closeness(far.x, near.x).ratio).toBeLessThan(forceTolerance);
		expect(closeness(far.y, near.y).ratio).toBeLessThan(forceTolerance);
	});

	it('flow without momentum as the reference flows', async () => {
		const parameters = setup(300, 2);
		const point = { x: drawn(600, 9), y: new Float64Array(0), wants: 'both' } as const;
		const found = await softmaxFlowOnDevice(device!, parameters).rates(point);
		const expected = softmaxFlow(parameters).rates(point);
		expect(closeness(found.velocity, expected.velocity).ratio).toBeLessThan(forceTolerance);
	});

	it('take thousands of particles', async () => {
		const parameters = setup(4000, 2);
		const gpu = softmaxSystemOnDevice(device!, parameters);
		const { velocity, force } = await gpu.rates({
			...{ x: drawn(8000, 7), y: drawn(8000, 8), wants: 'both' as const },
		});
		expect(velocity.every(Number.isFinite) && force.every(Number.isFinite)).toBe(true);
	});

	it('say how many coordinates they have room for', () => {
		expect(() => softmaxSystemOnDevice(device!, setup(3, 5))).toThrow('at most 4 coordinates');
	});
});
