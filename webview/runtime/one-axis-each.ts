import { SiteTensorError, type ReadTensor } from '../view-api/site-tensors.ts';

/** How many sequences, heads, queries and keys the scores have. */
interface ScoreSizes {
	readonly B: number;
	readonly H: number;
	readonly T: number;
	readonly S: number;
}

/** One axis of a tensor: its size, and the step to the next element along it. */
interface Axis {
	readonly letter: string;
	readonly size: number;
	readonly step: number;
}

/**
 * A mask whose axes are parts of those of the scores, laid out anew with one axis of each letter: windows within a batch
 * (`BB1TS`), rows and columns of a picture (`HTTSS`), sequences of which all heads have one axis with them. Other masks are
 * handed on as they are.
 *
 * @throws SiteTensorError where the parts do not make up the whole
 */
export async function withOneAxisEach(read: ReadTensor, sizes: ScoreSizes): Promise<ReadTensor> {
	const { tensor } = read;
	// heads that have the sequences in their axis
	const merged = sizes.B === 1 && sizes.H > 1 && axesOf(read).some(isOf('B'));
	const axes = axesOf(read).map((axis) => (merged && axis.letter === 'B' ? { ...axis, letter: 'H' } : axis)); // prettier-ignore
	const letters = ['B', 'H', 'T', 'S'] as const;
	const parts = (letter: string) => axes.filter((axis) => axis.letter === letter);
	if (!merged && letters.every((letter) => parts(letter).length <= 1)) return read;
	const offsets = letters.map((letter) => offsetsAlong(parts(letter), sizes[letter], read));
	const values = await tensor.read();
	const shape = offsets.map((along) => along.length);
	const laid = new Float32Array(shape.reduce((a, b) => a * b, 1));
	let at = 0;
	for (const b of offsets[0]!) {
		for (const h of offsets[1]!) {
			for (const t of offsets[2]!) {
				for (const s of offsets[3]!) laid[at++] = values[b + h + t + s]!;
			}
		}
	}
	const laidOut = { ...tensor, shape, buffer: undefined, read: () => Promise.resolve(laid) };
	return { ...read, axes: 'BHTS', tensor: laidOut };
}

const isOf = (letter: string) => (axis: Axis) => axis.letter === letter && axis.size > 1;

function axesOf({ axes, tensor }: ReadTensor): Axis[] {
	let step = 1;
	return Array.from(axes, (letter, at) => ({ letter, size: tensor.shape[at]! }))
		.toReversed()
		.map((axis) => {
			const own = { ...axis, step };
			step *= axis.size;
			return own;
		})
		.toReversed();
}

/** Where each place along the whole stands; one place for a part that is the same along all of it. */
function offsetsAlong(parts: readonly Axis[], whole: number, read: ReadTensor): number[] {
	const known = parts.reduce((product, { size }) => product * size, 1);
	if (known === 1) return [0];
	const missing = whole / known;
	const [repeated, ...others] = parts.filter(({ size }) => size === 1);
	if (!Number.isInteger(missing) || (missing > 1 && others.length > 0)) {
		const { role, tensor } = read;
		throw new SiteTensorError(
			`${role} (${tensor.name}) of shape [${tensor.shape.join(', ')}] was expected to make up ${whole} places along ${parts[0]!.letter}.`,
		);
	}
	const axes = parts.map((axis) =>
		axis === repeated ? { size: missing, step: 0 } : { size: axis.size, step: axis.step },
	);
	// nothing stands for what is inside of them
	if (!repeated) axes.push({ size: missing, step: 0 });
	return Array.from({ length: whole }, (_, place) => {
		let left = place;
		return axes.reduceRight((offset, { size, step }) => {
			const own = left % size;
			left = Math.floor(left / size);
			return offset + own * step;
		}, 0);
	});
}
