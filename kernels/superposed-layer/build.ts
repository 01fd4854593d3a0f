import { multiply, pseudoinverse, transpose, zeros, type Matrix } from './linear-algebra.ts';
import { checkSizes, refuse, type LayerSizes } from './shape.ts';

/** Which inputs and which neurons belong to each output. */
export interface Wiring {
	readonly sizes: LayerSizes;
	/** `[outputs, 2]`: the pair of features whose AND the output is; all pairs differ. */
	readonly pairs: Uint32Array<ArrayBuffer>;
	/** `[outputs, channel]`: S_p, the neurons that the output is read from. */
	readonly channels: Uint32Array<ArrayBuffer>;
}

/** The layer with its analysis. Only `weights` exists in the network. */
export interface Layer extends Wiring {
	/** R, `[neurons, features]` of 0 and 1: the computation. */
	readonly computation: Matrix;
	/** C, `[neurons, features]`: x = C y. */
	readonly compression: Matrix;
	/** D, `[features, neurons]`: D x = y + noise. */
	readonly decompression: Matrix;
	/** W = R D, `[neurons, neurons]`. */
	readonly weights: Matrix;
}

/** Random distinct pairs, and for each a channel of distinct neurons. @param random in [0, 1) */
export function drawWiring(sizes: LayerSizes, random: () => number): Wiring {
	checkSizes(sizes);
	const { features, outputs, neurons, channel } = sizes;
	const pairs = new Uint32Array(outputs * 2);
	const taken = new Set<number>();
	while (taken.size < outputs) {
		const [a, b] = [below(features, random), below(features, random)].sort((x, y) => x - y);
		if (a === b || taken.has(a! * features + b!)) continue;
		pairs.set([a!, b!], taken.size * 2);
		taken.add(a! * features + b!);
	}
	const channels = new Uint32Array(outputs * channel);
	const order = Uint32Array.from({ length: neurons }, (_, i) => i);
	for (let p = 0; p < outputs; p++) {
		for (let i = 0; i < channel; i++) {
			const j = i + below(neurons - i, random);
			[order[i], order[j]] = [order[j]!, order[i]!];
		}
		channels.set(order.subarray(0, channel), p * channel);
	}
	return { sizes, pairs, channels };
}

/** Channels that share no neuron: collisions are gone. @throws KernelError `shape` when n < m′·c */
export function drawDisjointWiring(sizes: LayerSizes, random: () => number): Wiring {
	const { outputs, neurons, channel } = sizes;
	if (neurons < outputs * channel) {
		refuse(`disjoint channels need ${outputs}·${channel} neurons, got ${neurons}`);
	}
	const channels = Uint32Array.from({ length: outputs * channel }, (_, i) => i);
	return { ...drawWiring(sizes, random), channels };
}

/** C of random ±1/√n. */
export function drawCompression({ neurons, features }: LayerSizes, random: () => number): Matrix {
	const entry = 1 / Math.sqrt(neurons);
	return {
		rows: neurons,
		columns: features,
		values: Float64Array.from({ length: neurons * features }, () =>
			random() < 0.5 ? -entry : entry,
		),
	};
}

/** `Cᵀ`, or the pseudoinverse rescaled to a mean diagonal of `D C` of 1: `(m / min(m, n)) C⁺`. */
export function decompressionOf(
	compression: Matrix,
	kind: 'transpose' | 'pseudoinverse' = 'transpose',
): Matrix {
	if (kind === 'transpose') return transpose(compression);
	const { rows, columns } = compression;
	const inverse = pseudoinverse(compression);
	const scale = columns / Math.min(rows, columns);
	return { ...inverse, values: inverse.values.map((x) => x * scale) };
}

/** R: 1 where neuron i belongs to the channel of an output whose pair holds feature f. */
export function computationOf({ sizes, pairs, channels }: Wiring): Matrix {
	const { features, outputs, neurons, channel } = sizes;
	const computation = zeros(neurons, features);
	for (let p = 0; p < outputs; p++) {
		for (const neuron of channels.subarray(p * channel, (p + 1) * channel)) {
			computation.values[neuron * features + pairs[p * 2]!] = 1;
			computation.values[neuron * features + pairs[p * 2 + 1]!] = 1;
		}
	}
	return computation;
}

/**
 * The whole layer, `W = R D`.
 *
 * @see Adler and Shavit, arXiv:2409.15318; README.md restates the construction
 */
export function buildLayer(
	wiring: Wiring,
	compression: Matrix,
	kind: 'transpose' | 'pseudoinverse' = 'transpose',
): Layer {
	const { neurons, features } = wiring.sizes;
	if (compression.rows !== neurons || compression.columns !== features) {
		refuse(
			`the compression must be ${neurons} × ${features}, got ${compression.rows} × ${compression.columns}`,
		);
	}
	const computation = computationOf(wiring);
	const decompression = decompressionOf(compression, kind);
	const weights = multiply(computation, decompression);
	return { ...wiring, computation, compression, decompression, weights };
}

/** Inputs that a neuron decompresses and sums, on average: the ones in a row of R. */
export function loadOf({ rows, values }: Matrix): number {
	return values.reduce((sum, x) => sum + x, 0) / rows;
}

/** D′ that reads a layer's outputs straight from its neurons: `[outputs, neurons]`, 1/c in each channel. */
export function channelReadOut({ sizes, channels }: Wiring): Matrix {
	const { outputs, neurons, channel } = sizes;
	const readOut = zeros(outputs, neurons);
	channels.forEach((neuron, at) => {
		readOut.values[Math.floor(at / channel) * neurons + neuron] = 1 / channel;
	});
	return readOut;
}

/** `|S_p ∩ S_q|`, `[outputs, outputs]`. */
export function channelOverlap(wiring: Wiring): Matrix {
	const { outputs, neurons, channel } = wiring.sizes;
	const members = zeros(outputs, neurons);
	wiring.channels.forEach((neuron, at) => {
		members.values[Math.floor(at / channel) * neurons + neuron] = 1;
	});
	return multiply(members, transpose(members));
}

function below(size: number, random: () => number): number {
	return Math.floor(random() * size);
}
