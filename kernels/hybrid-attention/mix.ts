import { runKernel } from '../common/run-kernel.ts';
import { arrayOf, indexOf, offsetOf } from '../common/tensors.ts';
import mix from './mix.wgsl';
import { operator, type HybridInputs, type HybridShape } from './shape.ts';

/** `mix₀ · state + mix₁ · softmax`, `[B, H, T, V]`, where the branches lie in arrays of that layout. */
export async function mixedOutput(
	device: GPUDevice | undefined,
	inputs: HybridInputs,
	{ B, H, T, V }: HybridShape,
	state: Float32Array,
	softmax: Float32Array,
): Promise<Float32Array> {
	const given = inputs.mix ?? ({ data: Float32Array.of(1), strides: [0, 0, 0, 0] } as const);
	const length = B * H * T * V;
	if (device) {
		const [values] = await runKernel(device, operator, (recording) => {
			const target = recording.output(length);
			recording.dispatch({
				label: `${operator}: mix`,
				shader: mix,
				whole: [...given.strides, offsetOf(given), B * H, H, T, V],
				buffers: [
					recording.input(given.data),
					recording.input(Float32Array.from(state)),
					recording.input(Float32Array.from(softmax)),
					target,
				],
				workgroups: [Math.ceil(V / 8), Math.ceil(T / 8), B * H],
			});
			return [{ buffer: target, length }];
		});
		return values!;
	}
	const weights = arrayOf(operator, 'mix', given);
	return Float32Array.from({ length }, (_, at) => {
		const row = Math.floor(at / V);
		const [b, h, t] = [Math.floor(row / (T * H)), Math.floor(row / T) % H, row % T];
		const weight = (branch: number) => weights[indexOf(given, b, h, t, branch)]!;
		return weight(0) * state[at]! + weight(1) * softmax[at]!;
	});
}
