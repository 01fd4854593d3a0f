import type { Layer } from './build.ts';
import type { Matrix } from './linear-algebra.ts';
import { refuse } from './shape.ts';

/** A read-out of exactly ½ is off; rounding must not turn it on. */
const TIE = 1e-9;

/** Everything one input does in one layer, in float64. */
export interface LayerRun {
	/** x = C y, `[neurons]`: all that the layer sees. */
	readonly compressed: Float64Array;
	/** D x, `[features]`: active features near 1, the rest noise. */
	readonly decompressed: Float64Array;
	/** W x, `[neurons]`. */
	readonly before: Float64Array;
	/** ReLU(W x − 1), `[neurons]`. */
	readonly hidden: Float64Array;
	/** ẑ, `[outputs]`: the mean of h over the output's channel; on above ½. */
	readonly readOut: Float64Array;
	/** `[outputs]`: 1 where ẑ > ½. */
	readonly outputs: Uint8Array<ArrayBuffer>;
	/** `[outputs]`: how many of the pair are on; the output should be on at 2. */
	readonly pairOn: Uint8Array<ArrayBuffer>;
	readonly falsePositives: number;
	readonly falseNegatives: number;
}

/** One input through one layer. @param y `[features]` of 0 and 1 @throws KernelError `shape` for another length */
export function runLayer(layer: Layer, y: ArrayLike<number>): LayerRun {
	const { sizes, pairs, channels } = layer;
	const { features, outputs, channel } = sizes;
	if (y.length !== features) refuse(`an input needs ${features} features, got ${y.length}`);
	const compressed = apply(layer.compression, y);
	const before = apply(layer.weights, compressed);
	const hidden = before.map((x) => Math.max(0, x - 1));
	const readOut = new Float64Array(outputs);
	channels.forEach((neuron, at) => {
		readOut[Math.floor(at / channel)]! += hidden[neuron]! / channel;
	});
	const on = Uint8Array.from(readOut, (z) => Number(z > 0.5 + TIE));
	const pairOn = Uint8Array.from(
		{ length: outputs },
		(_, p) => y[pairs[p * 2]!]! + y[pairs[p * 2 + 1]!]!,
	);
	let [falsePositives, falseNegatives] = [0, 0];
	on.forEach((value, p) => {
		if (value === 1 && pairOn[p] !== 2) falsePositives++;
		if (value === 0 && pairOn[p] === 2) falseNegatives++;
	});
	return {
		...{ compressed, before, hidden, readOut, outputs: on, pairOn, falsePositives, falseNegatives },
		decompressed: apply(layer.decompression, compressed),
	};
}

/** Several layers deep: what one layer puts out is compressed afresh for the next. */
export function runLayers(layers: readonly Layer[], y: ArrayLike<number>): readonly LayerRun[] {
	let input = y;
	return layers.map((layer) => {
		const run = runLayer(layer, input);
		input = run.outputs;
		return run;
	});
}

/** Pre-activations of the neurons in every channel, by how many of the channel's pair are on. */
export function beforeByPair(
	{ sizes, channels }: Layer,
	{ before, pairOn }: LayerRun,
): readonly [none: Float64Array, one: Float64Array, both: Float64Array] {
	const split: [number[], number[], number[]] = [[], [], []];
	channels.forEach((neuron, at) => {
		split[pairOn[Math.floor(at / sizes.channel)]!]!.push(before[neuron]!);
	});
	return [Float64Array.from(split[0]), Float64Array.from(split[1]), Float64Array.from(split[2])];
}

function apply({ rows, columns, values }: Matrix, vector: ArrayLike<number>): Float64Array {
	return Float64Array.from({ length: rows }, (_, i) => {
		let sum = 0;
		for (let j = 0; j < columns; j++) sum += values[i * columns + j]! * vector[j]!;
		return sum;
	});
}
