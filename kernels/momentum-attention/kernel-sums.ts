import { runKernel } from '../common/run-kernel.ts';
import massShader from './mass.wgsl';
import pullShader from './pull.wgsl';
import { operator, type CloudSize } from './shape.ts';
import { product } from './small-matrix.ts';

/** What the sums over pairs of particles depend on. */
export interface KernelParameters extends CloudSize {
	readonly scores: Float64Array;
	readonly clamp?: number;
}

/** With `M_ij = exp(x_iᵀ A x_j)`. */
export interface KernelSums {
	/** `z_i = Σ_j M_ij`, `[particles]`. */
	readonly mass: Float64Array;
	/** `Σ_j M_ij x_j`, `[particles, width]`. */
	readonly pull: Float64Array;
	/** `Σ_j M_ij r_j x_j` with `r_j = q_j / z_j²`, like pull. */
	readonly weighted: Float64Array;
}

/** Coordinates that a particle may have on the GPU: it is one vec4f there. */
export const MOST_WIDTH = 4;
const CLAMP = 60;

/** In float64. @param quadratic q, `[particles]` @param only the masses, and zeros for the rest */
export function kernelSums(
	x: Float64Array,
	quadratic: Float64Array,
	{ particles, width, scores, clamp = CLAMP }: KernelParameters,
	only?: 'mass',
): KernelSums {
	const scored = product(x, scores, width, width);
	const kernel = (i: number, j: number) => {
		let score = 0;
		for (let d = 0; d < width; d++) score += scored[i * width + d]! * x[j * width + d]!;
		return Math.exp(Math.min(clamp, Math.max(-clamp, score)));
	};
	if (scores.every((score) => score === 0)) return evenSums(x, quadratic, particles, width);
	const mass = new Float64Array(particles);
	const pull = new Float64Array(particles * width);
	const weighted = new Float64Array(particles * width);
	for (let i = 0; i < particles; i++) {
		for (let j = 0; j < particles; j++) {
			const weight = kernel(i, j);
			mass[i]! += weight;
			if (only === 'mass') continue;
			for (let d = 0; d < width; d++) pull[i * width + d]! += weight * x[j * width + d]!;
		}
	}
	if (only === 'mass' || quadratic.every((q) => q === 0)) return { mass, pull, weighted };
	for (let i = 0; i < particles; i++) {
		for (let j = 0; j < particles; j++) {
			const weight = (kernel(i, j) * quadratic[j]!) / mass[j]! ** 2;
			for (let d = 0; d < width; d++) weighted[i * width + d]! += weight * x[j * width + d]!;
		}
	}
	return { mass, pull, weighted };
}

/** Where every score is 0 all particles see the same sums, in time linear in their number. */
function evenSums(
	x: Float64Array,
	quadratic: Float64Array,
	particles: number,
	width: number,
): KernelSums {
	const [sum, weightedSum] = [new Float64Array(width), new Float64Array(width)];
	x.forEach((value, at) => {
		sum[at % width]! += value;
		weightedSum[at % width]! += (value * quadratic[Math.floor(at / width)]!) / particles ** 2;
	});
	return {
		mass: new Float64Array(particles).fill(particles),
		pull: Float64Array.from({ length: x.length }, (_, at) => sum[at % width]!),
		weighted: Float64Array.from({ length: x.length }, (_, at) => weightedSum[at % width]!),
	};
}

/** In float32 on a GPU. */
export async function kernelSumsOnDevice(
	device: GPUDevice,
	x: Float64Array,
	quadratic: Float64Array,
	{ particles, width, scores, clamp = CLAMP }: KernelParameters,
): Promise<KernelSums> {
	const length = particles * MOST_WIDTH * 2;
	const padded = (values: Float64Array) =>
		Float32Array.from({ length: particles * MOST_WIDTH }, (_, at) => {
			const d = at % MOST_WIDTH;
			return d < width ? values[Math.floor(at / MOST_WIDTH) * width + d]! : 0;
		});
	const found = await runKernel(device, operator, (recording) => {
		const positions = recording.input(padded(x));
		const scored = recording.input(padded(product(x, scores, width, width)));
		const mass = recording.output(particles);
		const target = recording.output(length);
		const common = {
			...{ whole: [particles], real: [clamp] },
			workgroups: [Math.ceil(particles / 256)] as const,
			work: particles ** 2 * 16,
		};
		recording.dispatch({
			...{ ...common, label: `${operator}: mass`, shader: massShader },
			buffers: [scored, positions, mass],
		});
		recording.dispatch({
			...{ ...common, label: `${operator}: pull`, shader: pullShader },
			buffers: [scored, positions, mass, recording.input(Float32Array.from(quadratic)), target],
		});
		return [
			{ buffer: mass, length: particles },
			{ buffer: target, length },
		];
	});
	const rows = (from: number) =>
		Float64Array.from({ length: particles * width }, (_, at) => {
			return found[1]![(from + Math.floor(at / width)) * MOST_WIDTH + (at % width)]!;
		});
	return { mass: Float64Array.from(found[0]!), pull: rows(0), weighted: rows(particles) };
}
