import type { ModelInput } from '../../../../extension/protocol/run.ts';
import type { ViewContext } from '../../../view-api/view.ts';
import { countIn, emptyHistogram, type Histogram } from '../histogram.ts';
import { truthsOf, type Code, type LayerWiring } from './code.ts';

/** What the model made of some inputs, one row each. */
export interface LayerRows {
	/** `[rows, n]`: what the layer's W reads, W x as the model computed it, and the neurons after the ReLU. */
	readonly input: Float32Array;
	readonly before: Float32Array;
	readonly after: Float32Array;
}

/** `x = C y` of a set of features, `[n]`. */
export function compress({ neurons, features, signs }: Code, on: Iterable<number>): Float32Array {
	const x = new Float32Array(neurons);
	for (const feature of on) {
		for (let i = 0; i < neurons; i++) x[i]! += signs[i * features + feature]!;
	}
	return x.map((value) => value / Math.sqrt(neurons));
}

/** The model's input with other rows in it. */
export function inputOf(
	context: ViewContext,
	code: Code,
	rows: readonly Float32Array[],
): ModelInput {
	const { neurons } = code;
	const data = new Float32Array(rows.length * neurons);
	rows.forEach((row, at) => data.set(row, at * neurons));
	const tensors = context.input.tensors.map((tensor) =>
		tensor.dtype === 'float32' && tensor.shape.at(-1) === neurons
			? { ...tensor, shape: [rows.length, neurons], data: new Uint8Array(data.buffer) }
			: tensor,
	);
	return { ...context.input, tensors };
}

/**
 * Runs the real model on inputs in which the given features are on.
 *
 * @returns one entry a layer of the code
 * @throws RunError where the model does not take that many at once
 */
export async function runInputs(
	context: ViewContext,
	code: Code,
	inputs: readonly Float32Array[],
): Promise<{ readonly layers: LayerRows[]; readonly scores: Float32Array | undefined }> {
	const linears = code.layers.map(({ linear }) => linear);
	const scored = readsScores(context, code);
	const run = await context.again({
		input: inputOf(context, code, inputs),
		taps: [...new Set(linears.flatMap(({ input, output }) => [input, output]))],
	});
	try {
		const layers: LayerRows[] = [];
		for (const { input, output } of linears) {
			const before = await (await run.tensor(output)).read();
			layers.push({
				input: await (await run.tensor(input)).read(),
				before,
				after: before.map((value) => Math.max(0, value - 1)),
			});
		}
		const scores = scored === undefined ? undefined : await (await run.tensor(scored)).read();
		return { layers, scores };
	} finally {
		run.release();
	}
}

/** Of a network that was trained: the model output with one score for each output. */
function readsScores({ model }: ViewContext, { layers }: Code): string | undefined {
	const [first] = layers;
	if (!first || first.channels) return undefined;
	return model.outputs.find(({ shape }) => shape?.at(-1) === first.outputs)?.name;
}

/** The read-out of each output from one row of neurons, `[outputs]`: the mean over its channel. */
export function readOut(
	{ channels, channel, outputs }: LayerWiring,
	row: Float32Array,
): Float32Array {
	const means = new Float32Array(outputs);
	channels?.forEach((neuron, at) => (means[Math.floor(at / channel)]! += row[neuron]! / channel));
	return means;
}

/** How often everything a layer says is right. */
export interface LayerRates {
	readonly inputs: number;
	/** Share of inputs with every output right. */
	readonly exact: number;
	/** Per input. */
	readonly falsePositives: number;
	readonly falseNegatives: number;
	readonly trueOutputs: number;
	/** Standard deviation of W x − R y, measured; NaN without R. */
	readonly noise: number;
	/** Margins `ẑ − ½` of outputs that are false, and of those that are true. */
	readonly margins: readonly [Histogram, Histogram];
}

/** A read-out of exactly ½ is off; float32 must not turn it on. */
const TIE = 1e-6;

/** Rates of one layer over inputs whose features are known. */
export function ratesOf(
	code: Code,
	layer: number,
	ons: readonly ReadonlySet<number>[],
	rows: LayerRows,
	scores: Float32Array | undefined,
): LayerRates {
	const { neurons } = code;
	const wiring = code.layers[layer]!;
	const wired = wiredNeurons(code, layer);
	const margins = [emptyMargins(), emptyMargins()] as const;
	let [exact, positives, negatives, wanted, squares, count] = [0, 0, 0, 0, 0, 0];
	ons.forEach((on, at) => {
		const truths = truthsOf(code, on);
		const truth = truths[layer + 1]!;
		const means = scores
			? scores.subarray(at * wiring.outputs, (at + 1) * wiring.outputs).map(sigmoid)
			: readOut(wiring, rows.after.subarray(at * neurons, (at + 1) * neurons));
		let [high, low] = [0, 0];
		means.forEach((mean, p) => {
			countIn(margins[truth.has(p) ? 1 : 0], mean - 0.5);
			const said = mean > 0.5 + TIE;
			if (said && !truth.has(p)) high++;
			if (!said && truth.has(p)) low++;
		});
		if (high + low === 0) exact++;
		positives += high;
		negatives += low;
		wanted += truth.size;
		if (!wiring.channels) return;
		const pure = new Float64Array(neurons);
		for (const feature of truths[layer]!) for (const i of wired[feature]!) pure[i]! += 1;
		for (let i = 0; i < neurons; i++) {
			squares += (rows.before[at * neurons + i]! - pure[i]!) ** 2;
			count++;
		}
	});
	const inputs = ons.length;
	return {
		inputs,
		exact: exact / inputs,
		falsePositives: positives / inputs,
		falseNegatives: negatives / inputs,
		trueOutputs: wanted / inputs,
		noise: Math.sqrt(squares / count),
		margins,
	};
}

const emptyMargins = () => emptyHistogram(-0.6, 1.4);

export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Neurons that each feature of a layer is wired to: the columns of R as lists; empty lists without channels. */
export function wiredNeurons(code: Code, layer: number): readonly ReadonlySet<number>[] {
	const { pairs, channels, channel, features } = code.layers[layer]!;
	const neurons = Array.from({ length: features }, () => new Set<number>());
	channels?.forEach((neuron, at) => {
		const p = Math.floor(at / channel);
		neurons[pairs[p * 2]!]!.add(neuron);
		neurons[pairs[p * 2 + 1]!]!.add(neuron);
	});
	return neurons;
}
