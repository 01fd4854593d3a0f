import { seeded } from '../../../../kernels/common/seeded.ts';
import type { Proof } from '../../../../extension/protocol/run.ts';
import type { ViewContext } from '../../../view-api/view.ts';
import { floats, type Code } from './code.ts';
import { compress, ratesOf, runInputs, wiredNeurons, type LayerRates } from './run-inputs.ts';

/** Inputs that a layer is judged by. */
const INPUTS = 256;
const SEED = 7;

/** ‖R (D x) − W x‖ / ‖W x‖ of a verified layer: float32 sums of hundreds of numbers. */
export const LAYER_TOLERANCE = 1e-4;

/** One layer with the figures that the line above its code says. */
export interface MeasuredLayer {
	/** The site of the graph, empty where the finder names none. */
	readonly site: string;
	readonly name: string;
	readonly neurons: number;
	readonly outputs: number;
	readonly features: number;
	/** Neurons of an output; 0 where channels are not known. */
	readonly channel: number;
	/** Inputs that a neuron decompresses, on average; NaN without channels. */
	readonly load: number;
	/** Inputs drawn so that one output of the layer is true. */
	readonly drawn: LayerRates;
	/** Stored inputs beside the model, where there are. */
	readonly stored: LayerRates | null;
	/** √(load · v / n): what decompression should cost; NaN for a later layer, whose noise is that of its channels. */
	readonly predictedNoise: number;
	readonly proof: Proof;
}

/** Figures of every layer of the code, from runs of the real model. */
export async function measureLayers(
	context: ViewContext,
	code: Code,
	names: readonly string[],
): Promise<MeasuredLayer[]> {
	const stored = await storedInputs(context, code, names);
	const layers: MeasuredLayer[] = [];
	for (const [at, wiring] of code.layers.entries()) {
		context.signal.throwIfAborted();
		context.progress('Counting right answers', at, code.layers.length);
		const random = seeded(SEED + at);
		const ons = Array.from({ length: INPUTS }, () => drawTrue(code, at, 3, random));
		const drawn = await measure(context, code, at, ons);
		const site = context.model.sites.find(
			({ tensors }) => tensors['before']?.name === wiring.linear.output,
		);
		const load = wiring.channels ? loadOf(code, at) : NaN;
		layers.push({
			site: site?.id ?? '',
			name: site?.path || wiring.linear.path || wiring.linear.name,
			neurons: code.neurons,
			outputs: wiring.outputs,
			features: wiring.features,
			channel: wiring.channel,
			load,
			drawn,
			stored: stored ? await measure(context, code, at, stored) : null,
			predictedNoise: at === 0 ? Math.sqrt((load * mean(ons)) / code.neurons) : NaN,
			proof: await prove(context, code, at, ons[0]!, site?.id ?? ''),
		});
	}
	return layers;
}

const mean = (sets: readonly ReadonlySet<number>[]) =>
	sets.reduce((sum, { size }) => sum + size, 0) / sets.length;

async function measure(
	context: ViewContext,
	code: Code,
	layer: number,
	ons: readonly ReadonlySet<number>[],
): Promise<LayerRates> {
	const { layers, scores } = await runInputs(
		context,
		code,
		ons.map((on) => compress(code, on)),
	);
	return ratesOf(code, layer, ons, layers[layer]!, scores);
}

/** Features that make one random output of a layer true, and others at random up to `active`. */
export function drawTrue(
	{ layers, features }: Code,
	layer: number,
	active: number,
	random: () => number,
): Set<number> {
	let on = new Set([Math.floor(random() * layers[layer]!.outputs)]);
	for (let at = layer; at >= 0; at--) {
		const { pairs } = layers[at]!;
		on = new Set([...on].flatMap((p) => [pairs[p * 2]!, pairs[p * 2 + 1]!]));
	}
	while (on.size < active) on.add(Math.floor(random() * features));
	return on;
}

/** An archive beside the model whose name ends as the code's does, with an array `on` of features, −1 where a row has fewer. */
async function storedInputs(
	{ files }: ViewContext,
	{ file, features }: Code,
	names: readonly string[],
): Promise<Set<number>[] | null> {
	const variant = /-([^-]+)\.safetensors$/.exec(file)?.[1];
	const archive = names.find((name) => name.endsWith(`-${variant}.npz`));
	if (archive === undefined) return null;
	const { arrays } = await files.describe(archive);
	if (!arrays.some(({ name, shape }) => name === 'on' && shape.length === 2)) return null;
	const { shape, values } = await files.read(archive, 'on');
	const all = floats(values);
	if (all.some((feature) => feature >= features)) return null;
	const [rows = 0, width = 0] = shape;
	return Array.from(
		{ length: rows },
		(_, at) => new Set([...all.subarray(at * width, (at + 1) * width)].filter((f) => f >= 0)),
	);
}

/** The mean number of ones in a row of R. */
export function loadOf(code: Code, layer: number): number {
	const ones = wiredNeurons(code, layer).reduce((sum, { size }) => sum + size, 0);
	return ones / code.neurons;
}

/** Whether `R (D x)` is what the model itself computed: then W is R D. */
async function prove(
	context: ViewContext,
	code: Code,
	layer: number,
	on: ReadonlySet<number>,
	site: string,
): Promise<Proof> {
	const base = { site, tolerance: LAYER_TOLERANCE, probabilities: null };
	if (!code.layers[layer]!.channels) {
		const reason = 'This network was trained: there is no R that its weights were made from.';
		return { ...base, residual: null, verified: false, reason };
	}
	const { layers } = await runInputs(context, code, [compress(code, on)]);
	const { input, before } = layers[layer]!;
	const decompressed = decompress(code, layer, input);
	const sums = new Float64Array(code.neurons);
	wiredNeurons(code, layer).forEach((neurons, feature) => {
		for (const neuron of neurons) sums[neuron]! += decompressed[feature]!;
	});
	const residual = distance(sums, before);
	const verified = residual <= LAYER_TOLERANCE;
	const reason = verified ? '' : 'R and D of the file beside the model do not give what W gave.';
	return { ...base, residual, verified, reason };
}

/** D x, `[features]`. @param x `[n]` */
export function decompress(code: Code, layer: number, x: Float32Array): Float64Array {
	const { neurons, features, signs, layers } = code;
	if (layer > 0) {
		const { channels, channel, outputs } = layers[layer - 1]!;
		const found = new Float64Array(outputs);
		channels?.forEach((neuron, at) => (found[Math.floor(at / channel)]! += x[neuron]! / channel));
		return found;
	}
	const found = new Float64Array(features);
	for (let i = 0; i < neurons; i++) {
		for (let f = 0; f < features; f++) found[f]! += signs[i * features + f]! * x[i]!;
	}
	return found.map((value) => value / Math.sqrt(neurons));
}

function distance(ours: Float64Array, theirs: Float32Array): number {
	let [error, size] = [0, 0];
	theirs.forEach((value, at) => {
		error += (ours[at]! - value) ** 2;
		size += value ** 2;
	});
	return Math.sqrt(error / size);
}

/** The features that an input was made of, if it is `C y` for some y: those that decompress above ½. */
export function featuresOf(code: Code, x: Float32Array): Set<number> | null {
	const found = decompress(code, 0, x);
	const on = new Set([...found.keys()].filter((f) => found[f]! > 0.5));
	const again = compress(code, on);
	const error = again.reduce((sum, value, at) => sum + (value - x[at]!) ** 2, 0);
	const size = x.reduce((sum, value) => sum + value ** 2, 0);
	return size > 0 && error / size < 1e-6 ? on : null;
}
