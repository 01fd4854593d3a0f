import { headsOf } from '../common/head-arrays.ts';
import { arrayOf, indexOf } from '../common/tensors.ts';
import {
	operator,
	type RetentionInputs,
	type RetentionOptions,
	type RetentionShape,
} from './shape.ts';

/**
 * One row of the matrix as the equations read, in float64.
 *
 * @returns `(b, h, t) → [S]`
 * @throws KernelError `device` for tensors on a GPU
 * @see Sun et al., "Retentive Network", arXiv:2307.08621, equation 5
 */
export function retentionReference(
	inputs: RetentionInputs,
	{ H, keyHeads, T, S, K }: RetentionShape,
	{ scale = 1, normalised = false, causal = false }: RetentionOptions,
): (batch: number, head: number, t: number) => Float64Array {
	const queries = headsOf(operator, 'q', inputs.q, T, K);
	const keys = headsOf(operator, 'k', inputs.k, S, K);
	const table = arrayOf(operator, 'table', inputs.table);
	return (b, h, t) => {
		const q = queries(b, h);
		const k = keys(b, Math.floor((h * keyHeads) / H));
		const row = new Float64Array(S);
		for (let j = 0; j < (causal ? Math.min(S, t + 1) : S); j++) {
			let product = 0;
			for (let i = 0; i < K; i++) product += q[t * K + i]! * k[j * K + i]!;
			row[j] = scale * product * table[indexOf(inputs.table, b, h, t, j)]!;
		}
		if (!normalised) return row;
		const sum = row.reduce((a, x) => a + x, 0);
		return row.map((x) => x / Math.max(Math.abs(sum), 1));
	};
}
