import type { LinearLayer, ModelSummary } from '../../../../extension/protocol/model.ts';
import type { Matrix } from '../../../../kernels/superposed-layer/superposed-layer.ts';
import type { ArrayFiles } from '../../../view-api/view.ts';

/** Which features and which neurons belong to each output of a layer. */
export interface LayerWiring {
	/** The layer of the model that computes them. */
	readonly linear: LinearLayer;
	/** `[outputs, 2]`: features of the layer, which are outputs of the one before. */
	readonly pairs: Float32Array;
	/** `[outputs, channel]`: neurons that an output is read from; undefined where the file says nothing of them. */
	readonly channels: Float32Array | undefined;
	readonly outputs: number;
	/** Neurons of one output; 0 without channels. */
	readonly channel: number;
	/** Features that come in. */
	readonly features: number;
}

/** What a file beside a model says of how its layers store features, such as `code-small.safetensors`. */
export interface Code {
	readonly file: string;
	/** n: neurons, and the width of the compressed input. */
	readonly neurons: number;
	/** m: features of the input. */
	readonly features: number;
	/** `[neurons, features]` of ±1: the compression is this over √n. */
	readonly signs: Int8Array;
	readonly layers: readonly LayerWiring[];
}

/**
 * The code of a model: a `.safetensors` file beside it with `C.signs` `[n, m / 8]` (a bit for each sign, the highest first, 1 for
 * +1), `layers.i.pairs` `[m′, 2]` and, where known, `layers.i.channels` `[m′, c]`, whose n is the width of the model's first
 * square layer.
 *
 * @returns null where no file is of that kind
 */
export async function findCode(
	files: ArrayFiles,
	names: readonly string[],
	{ linears }: ModelSummary,
): Promise<Code | null> {
	const square = linears.filter(({ inputs, outputs }) => inputs === outputs);
	const [first] = square;
	if (!first) return null;
	for (const file of names.filter((name) => name.endsWith('.safetensors'))) {
		const { arrays } = await files.describe(file);
		const shapeOf = (name: string) => arrays.find((array) => array.name === name)?.shape;
		const bits = shapeOf('C.signs');
		if (bits?.[0] !== first.inputs || !shapeOf('layers.0.pairs')) continue;
		const signs = unpacked(await files.read(file, 'C.signs'));
		const features = signs.length / first.inputs;
		const layers: LayerWiring[] = [];
		for (const [at, linear] of square.entries()) {
			if (!shapeOf(`layers.${at}.pairs`)) break;
			layers.push(
				await wiringOf(files, file, at, linear, layers.at(-1)?.outputs ?? features, shapeOf),
			);
		}
		return { file, neurons: first.inputs, features, signs, layers };
	}
	return null;
}

async function wiringOf(
	files: ArrayFiles,
	file: string,
	at: number,
	linear: LinearLayer,
	features: number,
	shapeOf: (name: string) => readonly number[] | undefined,
): Promise<LayerWiring> {
	const pairs = floats((await files.read(file, `layers.${at}.pairs`)).values);
	const name = `layers.${at}.channels`;
	const channels = shapeOf(name) ? floats((await files.read(file, name)).values) : undefined;
	const outputs = pairs.length / 2;
	return { linear, pairs, channels, outputs, channel: (channels?.length ?? 0) / outputs, features };
}

export function floats(bytes: Uint8Array): Float32Array {
	return new Float32Array(bytes.slice().buffer);
}

function unpacked({ values }: { readonly values: Uint8Array }): Int8Array {
	const bytes = floats(values);
	return Int8Array.from({ length: bytes.length * 8 }, (_, at) =>
		(bytes[at >> 3]! >> (7 - (at & 7))) & 1 ? 1 : -1,
	);
}

/** C of a layer, `[n, features]`: of the first random signs over √n; of a later one 1 in the channel of each feature. */
export function compressionOf(code: Code, layer: number): Matrix {
	const { neurons, features, signs } = code;
	if (layer === 0) {
		const entry = 1 / Math.sqrt(neurons);
		return { rows: neurons, columns: features, values: Float64Array.from(signs, (s) => s * entry) };
	}
	const { outputs } = code.layers[layer - 1]!;
	const values = new Float64Array(neurons * outputs);
	forMembers(code, layer - 1, (neuron, p) => (values[neuron * outputs + p] = 1));
	return { rows: neurons, columns: outputs, values };
}

/** What D is as a multiple of Cᵀ: 1 for random signs, 1/c for channels. */
export function decompressionScale(code: Code, layer: number): number {
	return layer === 0 ? 1 : 1 / code.layers[layer - 1]!.channel;
}

/** R, `[n, features]` of 0 and 1; undefined where channels are not known. */
export function computationMatrix(code: Code, layer: number): Matrix | undefined {
	const { features, pairs, channels } = code.layers[layer]!;
	if (!channels) return undefined;
	const values = new Float64Array(code.neurons * features);
	forMembers(code, layer, (neuron, p) => {
		values[neuron * features + pairs[p * 2]!] = 1;
		values[neuron * features + pairs[p * 2 + 1]!] = 1;
	});
	return { rows: code.neurons, columns: features, values };
}

/** Every neuron of every output's channel. */
export function forMembers(
	{ layers }: Code,
	layer: number,
	use: (neuron: number, output: number) => void,
): void {
	const { channels, channel } = layers[layer]!;
	channels?.forEach((neuron, at) => use(neuron, Math.floor(at / channel)));
}

/** Outputs whose pair is on, given what is on of the layer's features. */
export function truthOf({ pairs, outputs }: LayerWiring, on: ReadonlySet<number>): Set<number> {
	const all = Array.from({ length: outputs }, (_, p) => p);
	return new Set(all.filter((p) => on.has(pairs[p * 2]!) && on.has(pairs[p * 2 + 1]!)));
}

/** What is on before each layer, the input first, and after the last. */
export function truthsOf({ layers }: Code, on: ReadonlySet<number>): Set<number>[] {
	const truths = [new Set(on)];
	for (const layer of layers) truths.push(truthOf(layer, truths.at(-1)!));
	return truths;
}
