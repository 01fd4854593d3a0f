import { KernelError } from '../common/kernel-error.ts';

/** Sizes of one layer that computes ANDs of pairs in superposition. Symbols: README.md. */
export interface LayerSizes {
	/** m: Boolean inputs. */
	readonly features: number;
	/** m′: outputs, each the AND of a pair of inputs. */
	readonly outputs: number;
	/** n: neurons, and the width of the compressed activation. */
	readonly neurons: number;
	/** c: neurons in the channel of one output. */
	readonly channel: number;
}

export const operator = 'superposed-layer';

/** @throws KernelError `shape` naming the first size that does not fit. */
export function checkSizes(sizes: LayerSizes): void {
	const { features, outputs, neurons, channel } = sizes;
	for (const [name, size] of Object.entries({ features, outputs, neurons, channel })) {
		if (!(Number.isInteger(size) && size > 0))
			refuse(`${name} must be a whole number above 0, got ${size}`);
	}
	if (features < 2) refuse(`a pair needs 2 features, got ${features}`);
	const pairs = (features * (features - 1)) / 2;
	if (outputs > pairs) {
		refuse(`${features} features have ${pairs} pairs, fewer than outputs=${outputs}`);
	}
	if (channel > neurons) refuse(`a channel of ${channel} neurons does not fit in ${neurons}`);
}

/** ⌈log₂ m′⌉: the channel size that the construction asks for, up to a constant. */
export function channelFor(outputs: number): number {
	return Math.max(1, Math.ceil(Math.log2(outputs)));
}

/**
 * How the number of neurons has to grow with the outputs, up to constants: the information-theoretic lower
 * bound √(m′ ln m′), and what the construction takes, √m′ · ln m′.
 *
 * @see Adler and Shavit, arXiv:2409.15318, abstract
 */
export function neuronBounds(outputs: number): {
	readonly lower: number;
	readonly construction: number;
} {
	return {
		lower: Math.sqrt(outputs * Math.log(outputs)),
		construction: Math.sqrt(outputs) * Math.log(outputs),
	};
}

export function refuse(problem: string): never {
	throw new KernelError('shape', `${operator}: ${problem}`);
}
