import type { RowMatrix } from '../common/row-results.ts';
import { arrayOf, indexOf } from '../common/tensors.ts';
import {
	operator,
	type ConvolutionInputs,
	type ConvolutionOptions,
	type ConvolutionShape,
} from './shape.ts';

/**
 * The gated convolution as its equation reads, in float64: rows of M, what the bias adds, and the output by
 * the sum itself.
 *
 * @throws KernelError `device` for tensors on a GPU
 * @see Arora et al., "Zoology", arXiv:2312.04927, definition of BaseConv
 */
export function baseConvolutionReference(
	inputs: ConvolutionInputs,
	{ B, D, T, L }: ConvolutionShape,
	{ residual = true, taps }: ConvolutionOptions,
): Required<Pick<RowMatrix, 'row' | 'carry' | 'output'>> {
	const u = arrayOf(operator, 'u', inputs.u);
	const filter = arrayOf(operator, 'filter', inputs.filter);
	const { bias, gate } = inputs;
	const added = bias && arrayOf(operator, 'bias', bias);
	const gates = gate && arrayOf(operator, 'gate', gate);
	const gateAt = (b: number, d: number, t: number) =>
		gates ? gates[indexOf(gate, b, d, t, 0)]! : 1;
	const tap = (b: number, d: number, ago: number) =>
		ago < L
			? filter[indexOf(inputs.filter, b, d, taps === 'oldest-first' ? L - 1 - ago : ago, 0)]!
			: 0;
	const biasAt = (b: number, d: number) => (added ? added[indexOf(bias, b, d, 0, 0)]! : 0);
	const own = residual ? 1 : 0;

	return {
		row: (b, d, t) =>
			Float64Array.from({ length: T }, (_, j) => {
				if (j > t) return 0;
				return gateAt(b, d, t) * tap(b, d, t - j) + (j === t ? own : 0);
			}),
		carry: (b, d, t) => Float64Array.of(gateAt(b, d, t) * biasAt(b, d)),
		output: () => {
			const output = new Float64Array(B * D * T);
			for (let b = 0; b < B; b++) {
				for (let d = 0; d < D; d++) {
					for (let t = 0; t < T; t++) {
						let sum = biasAt(b, d);
						for (let ago = 0; ago <= Math.min(t, L - 1); ago++) {
							sum += tap(b, d, ago) * u[indexOf(inputs.u, b, d, t - ago, 0)]!;
						}
						output[(b * D + d) * T + t] =
							sum * gateAt(b, d, t) + own * u[indexOf(inputs.u, b, d, t, 0)]!;
					}
				}
			}
			return output;
		},
	};
}
