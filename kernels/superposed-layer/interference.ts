import { runKernel } from '../common/run-kernel.ts';
import interferenceShader from './interference.wgsl';
import type { Matrix } from './linear-algebra.ts';
import { operator, refuse } from './shape.ts';

/** A row of `M = G Φ` for each feature, summed up: `[features]` each. */
export interface Interference {
	/** `M_ii`. */
	readonly own: Float64Array;
	/** `Σ_{j≠i} M_ij²`. */
	readonly energy: Float64Array;
	/** Largest `|M_ij| · size_j` over j ≠ i. */
	readonly largest: Float64Array;
	/** That j; the first, where several are equal. */
	readonly largestAt: Uint32Array;
}

/**
 * @param code Φ, `[d, F]`
 * @param readOut G, `[F, d]`
 * @param sizes `[F]`: what counts for `largest`; 1 when absent
 * @throws KernelError `shape` when the two do not fit
 */
export function interferenceReference(
	code: Matrix,
	readOut: Matrix,
	sizes?: Float64Array,
): Interference {
	check(code, readOut);
	const { rows: d, columns: F } = code;
	const found = { ...empty(F), largest: new Float64Array(F) };
	const heard = new Float64Array(F);
	for (let i = 0; i < F; i++) {
		heard.fill(0);
		for (let a = 0; a < d; a++) {
			const g = readOut.values[i * d + a]!;
			for (let j = 0; j < F; j++) heard[j]! += g * code.values[a * F + j]!;
		}
		for (let j = 0; j < F; j++) {
			if (j === i) continue;
			found.energy[i]! += heard[j]! ** 2;
			const size = Math.abs(heard[j]!) * (sizes?.[j] ?? 1);
			if (size > found.largest[i]!) [found.largest[i], found.largestAt[i]] = [size, j];
		}
		found.own[i] = heard[i]!;
	}
	return found;
}

/** The same in float32 on a GPU, for dictionaries of thousands of features: F² d multiply-adds. */
export async function interferenceOnDevice(
	device: GPUDevice,
	code: Matrix,
	readOut: Matrix,
	sizes?: Float64Array,
): Promise<Interference> {
	check(code, readOut);
	const { rows: d, columns: F } = code;
	const [rows] = await runKernel(device, operator, (recording) => {
		const target = recording.output(F * 4);
		recording.dispatch({
			label: `${operator}: interference`,
			shader: interferenceShader,
			whole: [F, d],
			buffers: [
				recording.input(Float32Array.from(readOut.values)),
				recording.input(Float32Array.from(code.values)),
				recording.input(sizes ? Float32Array.from(sizes) : new Float32Array(F).fill(1)),
				target,
			],
			workgroups: [Math.ceil(F / 4)],
			work: F * F * d,
		});
		return [{ buffer: target, length: F * 4 }];
	});
	const field = (at: number) => Float64Array.from({ length: F }, (_, i) => rows![i * 4 + at]!);
	return {
		own: field(0),
		energy: field(1),
		largest: field(2),
		largestAt: Uint32Array.from(field(3)),
	};
}

function empty(features: number): Interference {
	return {
		own: new Float64Array(features),
		energy: new Float64Array(features),
		largest: new Float64Array(features),
		largestAt: new Uint32Array(features),
	};
}

function check({ rows: d, columns: F }: Matrix, readOut: Matrix): void {
	if (readOut.rows !== F || readOut.columns !== d) {
		refuse(`the read-out must be ${F} × ${d}, got ${readOut.rows} × ${readOut.columns}`);
	}
}
