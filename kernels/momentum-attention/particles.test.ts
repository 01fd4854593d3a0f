import { describe, expect, it } from 'vitest';
import { symmetric } from './cases.ts';
import {
	advance,
	cloudShape,
	constantDamping,
	linearFlow,
	linearSystem,
	nesterov,
	noDamping,
	race,
	reducedFlow,
	reducedSystem,
	rungeKutta,
	softmaxFlow,
	softmaxSystem,
	steinTerms,
	type MomentumSystem,
	type Phase,
	normals,
	standardStart,
} from './momentum-attention.ts';
import { product, secondMoment } from './small-matrix.ts';

const [particles, width] = [7, 3];
const softmax = {
	...{ particles, width },
	scores: symmetric(width, 0.2, 0.3, 1),
	mobility: symmetric(width, 0.2, 1, 2),
};
const linear = {
	...{ particles, width },
	scores: symmetric(width, 0.1, 0.5, 3),
	values: symmetric(width, 0.1, -0.4, 4),
};
const bowl = { ...softmax, bowl: symmetric(width, 0.1, 1, 5) };

function drawn(scale: number, seed: number, size = particles * width): Float64Array {
	const normal = normals(seed);
	return Float64Array.from({ length: size }, () => scale * normal());
}

const apart = (a: Float64Array, b: Float64Array) =>
	a.reduce((most, x, at) => Math.max(most, Math.abs(x - b[at]!)), 0);
const totalOf = (system: MomentumSystem, phase: Pick<Phase, 'x' | 'y'>) => {
	const { kinetic, potential } = system.energy(phase);
	return kinetic + potential;
};

const systems = [
	['softmax attention', softmaxSystem(softmax), 2e-4],
	['softmax attention in a bowl', softmaxSystem(bowl), 1e-3],
	['linear attention', linearSystem(linear), 5e-3],
] as const;

describe('the particle systems', () => {
	it.each(systems)('have the rates that the gradients of H give: %s', (_name, system) => {
		const [x, y] = [drawn(0.7, 11), drawn(0.7, 12)];
		const { velocity, force } = system.rates({ x, y, wants: 'both' });
		const slope = (of: Float64Array, at: number) => {
			const kept = of[at]!;
			of[at] = kept + 1e-5;
			const above = totalOf(system, { x, y });
			of[at] = kept - 1e-5;
			const below = totalOf(system, { x, y });
			of[at] = kept;
			return (above - below) / 2e-5;
		};
		for (let at = 0; at < x.length; at++) {
			expect(Math.abs(velocity[at]! - slope(y, at)) / (1 + Math.abs(velocity[at]!))).toBeLessThan(
				1e-6,
			);
			expect(Math.abs(force[at]! + slope(x, at)) / (1 + Math.abs(force[at]!))).toBeLessThan(1e-6);
		}
	});

	it.each(systems)('conserve energy to 1e-10 without damping: %s', (_name, system, duration) => {
		let phase: Phase = { x: drawn(0.3, 13), y: drawn(0.3, 14), time: 0 };
		const first = totalOf(system, phase);
		for (let step = 0; step < 2000; step++)
			phase = advance(system, rungeKutta, phase, duration, noDamping);
		expect(Math.abs(totalOf(system, phase) / first - 1)).toBeLessThan(1e-10);
		expect(apart(phase.x, drawn(0.3, 13))).toBeGreaterThan(0.01);
	});

	it.each(systems)('lose energy at every step with damping: %s', (_name, system) => {
		for (const friction of [constantDamping(0.8), nesterov]) {
			let phase: Phase = { x: drawn(0.3, 15), y: drawn(0.3, 16), time: 0.5 };
			let energy = totalOf(system, phase);
			for (let step = 0; step < 60; step++) {
				phase = advance(system, rungeKutta, phase, 2e-3, friction);
				const now = totalOf(system, phase);
				expect(now).toBeLessThan(energy);
				energy = now;
			}
		}
	});

	it('start from rest along plain softmax attention: ẍ(0) = N² Γ', () => {
		const x = drawn(0.7, 17);
		const system = softmaxSystem(softmax);
		const rest = new Float64Array(x.length);
		const { force } = system.rates({ x, y: rest, wants: 'both' });
		const acceleration = system.rates({ x, y: force, wants: 'velocity' }).velocity;
		const flow = softmaxFlow(softmax).rates({ x, y: new Float64Array(0), wants: 'both' }).velocity;
		const expected = flow.map((value) => particles ** 2 * value);
		const size = Math.max(...expected.map(Math.abs));
		expect(apart(acceleration, expected) / size).toBeLessThan(1e-14);
	});

	it('flow as softmax attention with V = B A, written as a loop', () => {
		const x = drawn(0.7, 18);
		const found = softmaxFlow(softmax).rates({ x, y: new Float64Array(0), wants: 'both' }).velocity;
		const scored = product(x, softmax.scores, width, width);
		const row = (values: Float64Array, i: number) =>
			Array.from(values.subarray(i * width, (i + 1) * width));
		for (let i = 0; i < particles; i++) {
			const weights = Array.from({ length: particles }, (_, j) =>
				Math.exp(row(scored, i).reduce((sum, s, d) => sum + s * row(x, j)[d]!, 0)),
			);
			const total = weights.reduce((sum, w) => sum + w, 0);
			const mean = Float64Array.from({ length: width }, (_, d) =>
				weights.reduce((sum, w, j) => sum + (w / total) * x[j * width + d]!, 0),
			);
			// V x = B A x, as a row xᵀ A B
			const expected = product(
				product(mean, softmax.scores, width, width),
				softmax.mobility,
				width,
				width,
			);
			expect(apart(found.subarray(i * width, (i + 1) * width), expected)).toBeLessThan(1e-14);
		}
	});

	it('permute with their particles', () => {
		const [x, y] = [drawn(0.7, 19), drawn(0.7, 20)];
		const turned = (values: Float64Array) =>
			Float64Array.from([...values.subarray(width), ...values.subarray(0, width)]);
		for (const [, system] of systems) {
			const before = system.rates({ x, y, wants: 'both' });
			const after = system.rates({ x: turned(x), y: turned(y), wants: 'both' });
			expect(apart(after.velocity, turned(before.velocity))).toBeLessThan(1e-12);
			expect(apart(after.force, turned(before.force))).toBeLessThan(1e-11);
		}
	});

	it('name what does not fit', () => {
		const tilted = Float64Array.of(1, 2, 0, 3, 1, 0, 0, 0, 1);
		expect(() => softmaxSystem({ ...softmax, scores: tilted })).toThrow(
			'scores must be symmetric, got 3 and 2 at (1, 0)',
		);
		expect(() => linearSystem({ ...linear, particles: 0 })).toThrow(
			'particles must be a whole number above 0',
		);
		const asked = { x: new Float64Array(20), y: new Float64Array(21), wants: 'both' } as const;
		expect(() => softmaxSystem(softmax).rates(asked)).toThrow('x needs 7·3 elements, got 20');
	});
});

describe('linear attention', () => {
	const many = { ...linear, particles: 400 };
	const start = product(drawn(1, 21, 1200), symmetric(width, 0.3, 1, 22), width, width);
	const second = secondMoment(start, start, width);
	const shear = symmetric(width, 0.2, 0.1, 23);
	const unit = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);

	it('moves a cloud by one matrix, which two small matrices follow in its stead', () => {
		const [system, reduced] = [linearSystem(many), reducedSystem(many, second)];
		let full: Phase = { x: start, y: product(start, shear, width, width), time: 0 };
		let small: Phase = { x: unit, y: shear, time: 0 };
		expect(totalOf(reduced, small)).toBeCloseTo(totalOf(system, full), 9);
		for (let step = 0; step < 300; step++) {
			full = advance(system, rungeKutta, full, 2e-3, constantDamping(0.3));
			small = advance(reduced, rungeKutta, small, 2e-3, constantDamping(0.3));
		}
		expect(apart(full.x, start)).toBeGreaterThan(0.1);
		const mapped = product(start, small.x, width, width);
		// both err as Runge–Kutta of order 4 does, each in its own way
		expect(apart(full.x, mapped)).toBeLessThan(1e-9);
		expect(apart(full.y, product(mapped, small.y, width, width))).toBeLessThan(1e-9);
		expect(small.y[1]).toBeCloseTo(small.y[3]!, 14);
		expect(totalOf(reduced, small)).toBeCloseTo(totalOf(system, full), 8);
	});

	it('keeps every whitened radius and the kurtosis, where softmax attention does not', () => {
		const before = cloudShape(start, many);
		let phase: Phase = { x: start, y: product(start, shear, width, width), time: 0 };
		for (let step = 0; step < 100; step++) {
			phase = advance(linearSystem(many), rungeKutta, phase, 5e-3, noDamping);
		}
		const after = cloudShape(phase.x, many);
		expect(apart(after.covariance, before.covariance)).toBeGreaterThan(0.05);
		expect(apart(after.whitenedRadii, before.whitenedRadii)).toBeLessThan(1e-9);
		expect(after.kurtosis).toBeCloseTo(before.kurtosis, 10);
		expect(before.kurtosis).toBeCloseTo(1, 0);

		const few = { ...softmax, particles: 40 };
		const cloud = start.slice(0, 120);
		const flow = softmaxFlow(few);
		let free: Phase = { x: cloud, y: new Float64Array(0), time: 0 };
		for (let step = 0; step < 40; step++) free = advance(flow, rungeKutta, free, 0.02, noDamping);
		const bent = cloudShape(free.x, few).whitenedRadii;
		expect(apart(bent, cloudShape(cloud, few).whitenedRadii)).toBeGreaterThan(0.01);
	});

	it('flows by one matrix without momentum too', () => {
		let full: Phase = { x: start, y: new Float64Array(0), time: 0 };
		let small: Phase = { x: unit, y: new Float64Array(0), time: 0 };
		for (let step = 0; step < 200; step++) {
			full = advance(linearFlow(many), rungeKutta, full, 2e-3, noDamping);
			small = advance(reducedFlow(many, second), rungeKutta, small, 2e-3, noDamping);
		}
		expect(apart(full.x, start)).toBeGreaterThan(0.1);
		expect(apart(full.x, product(start, small.x, width, width))).toBeLessThan(1e-9);
	});

	it('is Stein’s flow less the repulsion', () => {
		const x = drawn(0.8, 24);
		const { attention, repulsion } = steinTerms(x, linear);
		const at = (j: number) => x.subarray(j * width, (j + 1) * width);
		const kernel = (a: Float64Array, b: Float64Array) =>
			product(product(a, linear.scores, width, width), b, width, 1)[0]!;
		const logDensity = (a: Float64Array) =>
			product(product(a, linear.values, width, width), a, width, 1)[0]! / 2;
		const nudged = (a: Float64Array, d: number, by: number) =>
			a.map((v, c) => (c === d ? v + by : v));
		const slope = (f: (a: Float64Array) => number, a: Float64Array, d: number) =>
			(f(nudged(a, d, 1e-6)) - f(nudged(a, d, -1e-6))) / 2e-6;
		for (let i = 0; i < particles; i++) {
			for (let d = 0; d < width; d++) {
				let [pulled, pushed] = [0, 0];
				for (let j = 0; j < particles; j++) {
					pulled += (kernel(at(j), at(i)) * slope(logDensity, at(j), d)) / particles;
					pushed += slope((a) => kernel(a, at(i)), at(j), d) / particles;
				}
				expect(attention[i * width + d]).toBeCloseTo(pulled, 7);
				expect(repulsion[i * width + d]).toBeCloseTo(pushed, 7);
			}
		}
	});
});

describe('the race in a bowl', () => {
	/** Normal draws with a second moment of exactly 1 a coordinate, so that no sampling error enters. */
	function standard(seed: number): Float64Array {
		const cloud = drawn(1, seed, 32);
		for (const d of [0, 1]) {
			let square = 0;
			for (let i = 0; i < 16; i++) square += cloud[i * 2 + d]! ** 2 / 16;
			for (let i = 0; i < 16; i++) cloud[i * 2 + d]! *= [0.5, 0.05][d]! / Math.sqrt(square);
		}
		return cloud;
	}
	const setup = (score: number) => ({
		...{ particles: 16, width: 2 },
		scores: Float64Array.of(score, 0, 0, score),
		mobility: Float64Array.of(1, 0, 0, 1),
		bowl: Float64Array.of(0.01, 0, 0, 1),
	});
	const options = { friction: 2 * Math.sqrt(0.01), step: 0.05 };

	it('is won by momentum 5.6, 6.4 and 6.8 times at 1e-2, 1e-3 and 1e-4', () => {
		const found = race(setup(0), standard(31001), {
			...{ ...options, thresholds: [1e-2, 1e-3, 1e-4], until: 440 },
		});
		const published = { gradient: [195.8, 310.9, 426.0], accelerated: [34.7, 48.9, 62.5] };
		for (const name of ['gradient', 'accelerated'] as const) {
			found[name].forEach((time, at) => {
				expect(Math.abs(time / published[name][at]! - 1), `${name} ${time}`).toBeLessThan(0.02);
			});
		}
		[5.6, 6.4, 6.8].forEach((ratio, at) => {
			const own = found.gradient[at]! / found.accelerated[at]!;
			expect(Math.abs(own / ratio - 1)).toBeLessThan(0.02);
		});
	}, 60_000);

	it('tells the way there, of either flow until it is down for good', () => {
		const found = race(setup(0), standardStart(31001), {
			...{ ...options, thresholds: [1e-1, 1e-2], until: 460 },
		});
		const { time, gradient, accelerated } = found.curves;
		expect(time).toHaveLength(gradient.length);
		expect(time.at(-1)).toBeLessThanOrEqual(found.gradient[1]!);
		expect(accelerated.length).toBeLessThan(gradient.length / 2);
		gradient.slice(1).forEach((share, at) => expect(share).toBeLessThan(gradient[at]!));
	}, 60_000);

	it('sums over even scores as over scores next to nothing', () => {
		const [x, y] = [standardStart(5), standardStart(6)];
		const even = softmaxSystem(setup(0)).rates({ x, y, wants: 'both' });
		const almost = softmaxSystem(setup(1e-14)).rates({ x, y, wants: 'both' });
		expect(apart(even.velocity, almost.velocity)).toBeLessThan(1e-12);
		expect(apart(even.force, almost.force)).toBeLessThan(1e-12);
	});

	it('changes by less than 1 % with scores of 0.2', () => {
		const short = { ...options, thresholds: [1e-2], until: 40 };
		const [plain] = race(setup(0), standard(31002), short).accelerated;
		const [coupled] = race(setup(0.2), standard(31002), short).accelerated;
		expect(Math.abs(coupled! / plain! - 1)).toBeLessThan(0.01);
	}, 60_000);

	it('does not finish what has no time to, and needs a bowl', () => {
		const { particles, width, scores, mobility } = setup(0);
		const open = { particles, width, scores, mobility };
		const short = { ...options, thresholds: [1e-4], until: 5 };
		expect(race(setup(0), standard(1), short)).toMatchObject({
			gradient: [Infinity],
			accelerated: [Infinity],
		});
		expect(() => race(open, standard(1), short)).toThrow('a race needs a bowl');
	});
});

describe('the shape of a cloud', () => {
	it('has whitened radii with a mean square of its width', () => {
		const cloud = drawn(2, 31, 300);
		const { whitenedRadii } = cloudShape(cloud, { particles: 100, width: 3 });
		expect(whitenedRadii.reduce((sum, r) => sum + r * r, 0) / 100).toBeCloseTo(3, 10);
	});

	it('names a cloud without room', () => {
		const line = Float64Array.of(1, 2, 2, 4, 3, 6);
		expect(() => cloudShape(line, { particles: 3, width: 2 })).toThrow(
			'the cloud is flat: coordinate 1',
		);
	});
});
