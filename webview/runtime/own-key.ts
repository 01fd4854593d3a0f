import { arrayOf, indexOf } from '../../kernels/common/tensors.ts';
import type { SoftmaxInputs } from '../../kernels/softmax-attention/softmax-attention.ts';

/** So far below the largest of its row, an added number hides a key. */
const HIDDEN = 5000;

/**
 * The last key that query 0 of the first sequence may see, which under a causal mask is its own; 0 where it sees none.
 *
 * @param masks in arrays
 */
export function ownKey(
	{ additive, allowed }: Pick<SoftmaxInputs, 'additive' | 'allowed'>,
	S: number,
): number {
	const keys = Array.from({ length: S }, (_, j) => j);
	const added = additive && arrayOf('softmax-attention', 'additive', additive);
	const bytes = allowed && arrayOf('softmax-attention', 'allowed', allowed.tensor);
	const numbers = keys.map((j) => (added ? added[indexOf(additive, 0, 0, 0, j)]! : 0));
	const largest = numbers.reduce((a, x) => Math.max(a, x), -Infinity);
	const seen = (j: number) =>
		numbers[j]! > largest - HIDDEN &&
		(!bytes || (bytes[indexOf(allowed.tensor, 0, 0, 0, j)] !== 0) === (allowed.one !== 'fill'));
	return Math.max(0, keys.findLast(seen) ?? 0);
}
