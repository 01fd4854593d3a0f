import { arrayOf, indexOf, type Strided } from './tensors.ts';

/** Keeps what was made for the head that was asked for last: rows of a matrix are asked for head by head. */
export function keepLast<Value>(
	make: (batch: number, head: number) => Value,
): (batch: number, head: number) => Value {
	let kept: { batch: number; head: number; value: Value } | undefined;
	return (batch, head) => {
		if (kept?.batch !== batch || kept.head !== head) {
			kept = { batch, head, value: make(batch, head) };
		}
		return kept.value;
	};
}

/**
 * Each head of a tensor as float64 `[tokens, channels]` without gaps, whatever its layout.
 *
 * @throws KernelError `device` for a tensor on a GPU
 */
export function headsOf(
	operator: string,
	name: string,
	tensor: Strided,
	tokens: number,
	channels: number,
): (batch: number, head: number) => Float64Array {
	const data = arrayOf(operator, name, tensor);
	return keepLast((batch, head) => {
		const values = new Float64Array(tokens * channels);
		for (let t = 0; t < tokens; t++) {
			for (let i = 0; i < channels; i++) {
				values[t * channels + i] = data[indexOf(tensor, batch, head, t, i)]!;
			}
		}
		return values;
	});
}
