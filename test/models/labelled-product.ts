import type { Read } from './zoo-run.ts';

/**
 * The sum over all axes that the result does not have of the products of two tensors whose axes have letters; an axis
 * of size 1, or lettered `1`, is broadcast. A letter that comes twice (a batch and windows of it) pairs first with first.
 *
 * @returns dims by `letters` of the result
 */
export function contract(a: Read, aAxes: string, b: Read, bAxes: string, axes: string): Read {
	const [aLetters, bLetters, letters] = [told(aAxes), told(bAxes), told(axes)];
	const sizes = new Map<string, number>();
	for (const [tensor, own] of [
		[a, aLetters],
		[b, bLetters],
	] as const) {
		own.split('').forEach((letter, axis) => {
			sizes.set(letter, Math.max(sizes.get(letter) ?? 1, tensor.dims[axis]!));
		});
	}
	const summed = [...new Set(`${aLetters}${bLetters}`)].filter(
		(l) => l !== '1' && !letters.includes(l),
	);
	const order = [...letters.split(''), ...summed];
	const dims = order.map((letter) => (letter === '1' ? 1 : (sizes.get(letter) ?? 1)));
	const steps = (tensor: Read, own: string) =>
		order.map((letter) => {
			const axis = letter === '1' ? -1 : own.indexOf(letter);
			if (axis < 0 || tensor.dims[axis] === 1) return 0;
			return tensor.dims.slice(axis + 1).reduce((x, y) => x * y, 1);
		});
	const [aSteps, bSteps] = [steps(a, aLetters), steps(b, bLetters)];
	const outDims = dims.slice(0, letters.length);
	const inner = dims.slice(letters.length).reduce((x, y) => x * y, 1);
	const data = new Float64Array(outDims.reduce((x, y) => x * y, 1));
	const total = data.length * inner;
	for (let flat = 0; flat < total; flat++) {
		let rest = flat;
		let [i, j] = [0, 0];
		for (let axis = order.length - 1; axis >= 0; axis--) {
			const at = rest % dims[axis]!;
			rest = Math.floor(rest / dims[axis]!);
			i += at * aSteps[axis]!;
			j += at * bSteps[axis]!;
		}
		data[Math.floor(flat / inner)]! += a.data[i]! * b.data[j]!;
	}
	return { dims: outDims, data };
}

/** The letters told apart: the second of two alike in lower case. */
const told = (letters: string) =>
	letters.replace(/[A-Z]/g, (letter, at: number) =>
		letters.indexOf(letter) < at ? letter.toLowerCase() : letter,
	);
