import type { Block, BlockTarget } from '../blocks.ts';
import type { Recording } from '../run-kernel.ts';
import rowSums from './row-sums.wgsl';

/** What each row of a block is divided by: its sum Σ_j w[t, j] plus `epsilon`, or the size of its sum but `least` at least. */
export type RowDivisor = { readonly epsilon: number } | { readonly least: number };

/**
 * Writes the inverse divisor of each row of a block beside its weights.
 *
 * @param columns of the block's rows
 * @param reach row t is zero from column t + reach on
 */
export function recordRowSums(
	recording: Recording,
	{ heads, firstRow, rows }: Block,
	{ weights, scales }: BlockTarget,
	{ operator, columns, reach }: { operator: string; columns: number; reach: number },
	divisor: RowDivisor,
): void {
	const { epsilon, least } = { epsilon: 0, least: 0, ...divisor };
	recording.dispatch({
		label: `${operator}: normaliser`,
		shader: rowSums,
		whole: [rows, columns, firstRow, reach],
		real: [epsilon, least],
		buffers: [weights, scales],
		workgroups: [Math.ceil(rows / 4), heads],
		work: heads * rows * columns,
	});
}
