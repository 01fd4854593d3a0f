import { refuse } from './shape.ts';

/**
 * Sums of bound vectors: `Z[t] = Σ_i a_i ⊙ x_i[t]`.
 *
 * @param vectors `[channels, T, K]`
 * @param keys `[channels, K]` of ±1
 * @returns `[T, K]`
 * @see Menet et al., "MIMONets", arXiv:2312.02829, section 3
 */
export function bundle(
	vectors: ArrayLike<number>,
	keys: ArrayLike<number>,
	size: ChannelSize,
): Float64Array {
	checkChannels(vectors, keys, size);
	const { channels, tokens, width } = size;
	const sum = new Float64Array(tokens * width);
	for (let i = 0; i < channels; i++) {
		for (let at = 0; at < sum.length; at++) {
			sum[at]! += keys[i * width + (at % width)]! * vectors[i * sum.length + at]!;
		}
	}
	return sum;
}

/** `a ⊙ Z[t]` for one key `[K]`; binding and unbinding are the same, since a ⊙ a = 1. */
export function bind(values: ArrayLike<number>, key: ArrayLike<number>): Float64Array {
	return Float64Array.from(values, (value, at) => value * key[at % key.length]!);
}

/** How many vectors share the sum, how many tokens each has, and how wide they are. */
export interface ChannelSize {
	readonly channels: number;
	readonly tokens: number;
	readonly width: number;
}

/** `A Aᵀ / K`, `[channels, channels]`: 1 on the diagonal, and off it what the binding lets through. */
export function keyGram(
	keys: ArrayLike<number>,
	{ channels, width }: Pick<ChannelSize, 'channels' | 'width'>,
): Float64Array {
	if (keys.length !== channels * width) {
		refuse(`keys needs ${channels}·${width} elements, got ${keys.length}`);
	}
	return Float64Array.from({ length: channels ** 2 }, (_, at) => {
		const [i, j] = [Math.floor(at / channels), at % channels];
		let sum = 0;
		for (let d = 0; d < width; d++) sum += keys[i * width + d]! * keys[j * width + d]!;
		return sum / width;
	});
}

export interface Unbinding {
	/** `[channels, channels]`: cosine of what key i unbinds with the true vector of channel j, all tokens. */
	readonly cosines: Float64Array;
	/** `10 log10(‖x_i‖² / ‖a_i ⊙ Z − x_i‖²)` a channel, in dB; ∞ where nothing is added. */
	readonly snrDecibels: Float64Array;
}

/**
 * How well each key gets its channel back.
 *
 * @param truths `[channels, T, K]`: what each channel would hold alone
 * @param bundled `[T, K]`: what they share; the sum of the bound truths when absent
 */
export function unbinding(
	truths: ArrayLike<number>,
	keys: ArrayLike<number>,
	size: ChannelSize,
	bundled: ArrayLike<number> = bundle(truths, keys, size),
): Unbinding {
	checkChannels(truths, keys, size);
	const { channels, tokens, width } = size;
	const length = tokens * width;
	if (bundled.length !== length) {
		refuse(`the bundle needs ${tokens}·${width} elements, got ${bundled.length}`);
	}
	let power = 0;
	for (let at = 0; at < length; at++) power += bundled[at]! ** 2;
	const cosines = new Float64Array(channels ** 2);
	const snrDecibels = new Float64Array(channels);
	for (let j = 0; j < channels; j++) {
		let signal = 0;
		for (let at = 0; at < length; at++) signal += truths[j * length + at]! ** 2;
		for (let i = 0; i < channels; i++) {
			let inner = 0;
			let noise = 0;
			for (let at = 0; at < length; at++) {
				const unbound = keys[i * width + (at % width)]! * bundled[at]!;
				const truth = truths[j * length + at]!;
				inner += unbound * truth;
				noise += (unbound - truth) ** 2;
			}
			const sizes = Math.sqrt(signal * power);
			cosines[i * channels + j] = sizes > 0 ? inner / sizes : 0;
			if (i === j) snrDecibels[i] = 10 * Math.log10(signal / noise);
		}
	}
	return { cosines, snrDecibels };
}

function checkChannels(
	vectors: ArrayLike<number>,
	keys: ArrayLike<number>,
	{ channels, tokens, width }: ChannelSize,
): void {
	if (vectors.length !== channels * tokens * width) {
		refuse(
			`channels·tokens·width = ${channels}·${tokens}·${width} needs ${channels * tokens * width} elements, got ${vectors.length}`,
		);
	}
	if (keys.length !== channels * width) {
		refuse(`keys needs ${channels}·${width} elements, got ${keys.length}`);
	}
}
