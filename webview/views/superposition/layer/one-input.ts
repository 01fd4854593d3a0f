import { seeded } from '../../../../kernels/common/seeded.ts';
import type { ViewContext } from '../../../view-api/view.ts';
import { histogram, type Histogram } from '../histogram.ts';
import { forMembers, truthsOf, type Code } from './code.ts';
import { decompress, drawTrue, featuresOf } from './measure.ts';
import { compress, readOut, runInputs, sigmoid } from './run-inputs.ts';

/** Outputs whose overlaps are drawn: those that are true, then those of the largest read-out. */
const OVERLAPS = 24;

/** Which input: the run's own, features by number, or drawn from a seed. */
export interface InputWish {
	readonly kind: 'input';
	readonly layer: number;
	/** Empty for the run's own. */
	readonly features: readonly number[];
	/** 0 for the run's own. */
	readonly seed: number;
	readonly active: number;
}

/** Everything one input does in one layer of the real model. */
export interface OneInput {
	readonly kind: 'input';
	/** What is on before the layer; null where the run's input is no `C y`. */
	readonly on: readonly number[] | null;
	readonly wanted: readonly number[];
	/** D x, `[features]`. */
	readonly decompressed: Float32Array;
	/** Standard deviation of D x where nothing is on. */
	readonly decompressedNoise: number;
	/** W x of the neurons of every channel, by how many of the pair are on; empty without channels. */
	readonly before: readonly Histogram[];
	/** `[outputs]`: read-out, and how many of the pair are on. */
	readonly readOut: Float32Array;
	readonly pairOn: Uint8Array;
	readonly falsePositives: readonly number[];
	readonly falseNegatives: readonly number[];
	/** Outputs of the overlap matrix, and |S_p ∩ S_q| of each two. */
	readonly overlapOf: readonly number[];
	readonly overlaps: Float32Array;
	/** How many channels a neuron belongs to, over all neurons. */
	readonly sharing: Histogram;
}

export async function oneInput(
	context: ViewContext,
	code: Code,
	{ layer, features, seed, active }: InputWish,
): Promise<OneInput> {
	const x = await inputRow(context, code, features, seed, active);
	const given = featuresOf(code, x);
	const { layers, scores } = await runInputs(context, code, [x]);
	const rows = layers[layer]!;
	const wiring = code.layers[layer]!;
	const truths = given && truthsOf(code, given);
	const on = truths?.[layer] ?? new Set<number>();
	const wanted = truths?.[layer + 1] ?? new Set<number>();
	const read = scores ? scores.map(sigmoid) : readOut(wiring, rows.after);
	const pairOn = Uint8Array.from(
		{ length: wiring.outputs },
		(_, p) => Number(on.has(wiring.pairs[p * 2]!)) + Number(on.has(wiring.pairs[p * 2 + 1]!)),
	);
	const said = [...read.keys()].filter((p) => read[p]! > 0.5 + 1e-6);
	const decompressed = decompress(code, layer, rows.input);
	const silent = [...decompressed.keys()].filter((f) => !on.has(f));
	const noise = Math.sqrt(
		silent.reduce((sum, f) => sum + decompressed[f]! ** 2, 0) / silent.length,
	);
	const overlapOf = strongest(read, wanted);
	return {
		kind: 'input',
		on: given && [...on].sort((a, b) => a - b),
		wanted: [...wanted],
		decompressed: Float32Array.from(decompressed),
		decompressedNoise: noise,
		before: wiring.channels ? beforeByPair(code, layer, rows.before, pairOn) : [],
		readOut: read,
		pairOn,
		falsePositives: said.filter((p) => !wanted.has(p)),
		falseNegatives: [...wanted].filter((p) => !said.includes(p)),
		overlapOf,
		overlaps: overlapsOf(code, layer, overlapOf),
		sharing: sharingOf(code, layer),
	};
}

async function inputRow(
	context: ViewContext,
	code: Code,
	features: readonly number[],
	seed: number,
	active: number,
): Promise<Float32Array> {
	const known = features.filter((feature) => feature < code.features);
	if (known.length > 0) return compress(code, new Set(known));
	if (seed > 0) return compress(code, drawTrue(code, 0, active, seeded(seed)));
	const first = code.layers[0]!.linear.input;
	const run = await context.again({ taps: [first] });
	try {
		return (await (await run.tensor(first)).read()).slice(0, code.neurons);
	} finally {
		run.release();
	}
}

function strongest(read: Float32Array, wanted: ReadonlySet<number>): number[] {
	const order = [...read.keys()].sort((a, b) => read[b]! - read[a]!);
	return [...new Set([...wanted, ...order])].slice(0, OVERLAPS);
}

function beforeByPair(
	code: Code,
	layer: number,
	before: Float32Array,
	pairOn: Uint8Array,
): Histogram[] {
	const split: number[][] = [[], [], []];
	forMembers(code, layer, (neuron, p) => split[pairOn[p]!]!.push(before[neuron]!));
	let [from, to] = [Infinity, -Infinity];
	for (const value of before) [from, to] = [Math.min(from, value), Math.max(to, value)];
	return split.map((values) => histogram(values, from, to));
}

function overlapsOf(code: Code, layer: number, outputs: readonly number[]): Float32Array {
	const { channels, channel } = code.layers[layer]!;
	const members = outputs.map(
		(p) => new Set(channels?.subarray(p * channel, (p + 1) * channel) ?? []),
	);
	return Float32Array.from({ length: outputs.length ** 2 }, (_, at) => {
		const [a, b] = [members[Math.floor(at / outputs.length)]!, members[at % outputs.length]!];
		return [...a].filter((neuron) => b.has(neuron)).length;
	});
}

function sharingOf(code: Code, layer: number): Histogram {
	const times = new Array<number>(code.neurons).fill(0);
	forMembers(code, layer, (neuron) => (times[neuron]! += 1));
	const most = Math.max(...times, 1);
	const counts = new Array<number>(most + 1).fill(0);
	for (const count of times) counts[count]! += 1;
	return { from: 0, to: most, counts };
}
