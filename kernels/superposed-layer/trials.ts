import { runKernel } from '../common/run-kernel.ts';
import { seeded } from '../common/seeded.ts';
import { buildLayer, drawWiring, type Layer, type Wiring } from './build.ts';
import { runLayer } from './run-layer.ts';
import { operator, refuse } from './shape.ts';
import { addTallies, noTrials, type Tally, type TrialSizes } from './tally.ts';
import trialsShader from './trials.wgsl';

/** A network and inputs, drawn from a seed: the same on both backends. */
interface Drawn {
	readonly wiring: Wiring;
	/** `[features, words]`: bit i of feature f is set where C[i, f] is positive. */
	readonly signs: Uint32Array<ArrayBuffer>;
	/** `[inputs, active]`. */
	readonly inputs: Uint32Array<ArrayBuffer>;
}

/**
 * Random inputs through one fresh random network (D = Cᵀ): a batch of a phase diagram's cell. Call it with
 * one seed after another and add the tallies up for as long as there is time.
 *
 * @param inputs how many
 * @throws KernelError `shape` when a size does not fit, `device` when the GPU refuses
 */
export async function runTrials(
	device: GPUDevice | undefined,
	sizes: TrialSizes,
	{ seed, inputs }: { readonly seed: number; readonly inputs: number },
): Promise<Tally> {
	const drawn = draw(sizes, seed, inputs);
	const rows = rowsOf(drawn.wiring);
	const found = device
		? await trialsOnDevice(device, sizes, drawn, rows)
		: trialsReference(sizes, drawn);
	let [exact, falsePositives, falseNegatives, noiseSquares] = [0, 0, 0, 0];
	for (let i = 0; i < inputs; i++) {
		const [positives, negatives, squares] = found.subarray(i * 3, i * 3 + 3);
		if (positives === 0 && negatives === 0) exact++;
		falsePositives += positives!;
		falseNegatives += negatives!;
		noiseSquares += squares!;
	}
	return {
		...{ networks: 1, inputs, exact, falsePositives, falseNegatives, noiseSquares },
		exactSquares: (exact / inputs) ** 2,
		noiseCount: inputs * sizes.neurons,
		load: rows.wired.length / sizes.neurons,
	};
}

/**
 * The same cells over and over, a network each in turn, until the caller stops asking.
 *
 * @param inputs per network
 * @yields the tally so far of every cell, after each network
 */
export async function* refineTrials(
	device: GPUDevice | undefined,
	cells: readonly TrialSizes[],
	{ seed, inputs }: { readonly seed: number; readonly inputs: number },
): AsyncGenerator<readonly Tally[], never> {
	const tallies = cells.map(() => noTrials);
	for (let round = 0; ; round++) {
		for (const [at, sizes] of cells.entries()) {
			const batch = { seed: seed + round * cells.length + at, inputs };
			tallies[at] = addTallies(tallies[at]!, await runTrials(device, sizes, batch));
			yield tallies.slice();
		}
	}
}

function draw(sizes: TrialSizes, seed: number, inputs: number): Drawn {
	const { features, outputs, neurons, active } = sizes;
	if (!(Number.isInteger(inputs) && inputs > 0)) {
		refuse(`inputs must be a whole number above 0, got ${inputs}`);
	}
	if (!(Number.isInteger(active) && active >= 2 && active <= features)) {
		refuse(`active goes from 2 to ${features} features, got ${active}`);
	}
	const random = seeded(seed);
	const { channel } = sizes;
	const wiring = drawWiring({ features, outputs, neurons, channel }, random);
	const words = Math.ceil(neurons / 32);
	const lastBits = neurons % 32 === 0 ? 0xffffffff : 2 ** (neurons % 32) - 1;
	const signs = Uint32Array.from({ length: features * words }, (_unused, at) => {
		const bits = Math.floor(random() * 2 ** 32);
		return at % words === words - 1 ? bits & lastBits : bits;
	});
	const on = new Uint32Array(inputs * active);
	for (let i = 0; i < inputs; i++) {
		const pair = Math.floor(random() * outputs) * 2;
		const chosen = new Set([wiring.pairs[pair]!, wiring.pairs[pair + 1]!]);
		while (chosen.size < active) chosen.add(Math.floor(random() * features));
		on.set([...chosen], i * active);
	}
	return { wiring, signs, inputs: on };
}

/** The rows of R as lists: features that each neuron is wired to. */
function rowsOf({ sizes, pairs, channels }: Wiring): {
	readonly starts: Uint32Array<ArrayBuffer>;
	readonly wired: Uint32Array<ArrayBuffer>;
} {
	const rows = Array.from({ length: sizes.neurons }, () => new Set<number>());
	channels.forEach((neuron, at) => {
		const p = Math.floor(at / sizes.channel);
		rows[neuron]!.add(pairs[p * 2]!).add(pairs[p * 2 + 1]!);
	});
	const starts = new Uint32Array(sizes.neurons + 1);
	rows.forEach((row, i) => (starts[i + 1] = starts[i]! + row.size));
	return { starts, wired: Uint32Array.from(rows.flatMap((row) => [...row])) };
}

async function trialsOnDevice(
	device: GPUDevice,
	{ features, outputs, neurons, channel, active }: TrialSizes,
	{ wiring, signs, inputs }: Drawn,
	{ starts, wired }: ReturnType<typeof rowsOf>,
): Promise<Float32Array> {
	const count = inputs.length / active;
	const words = signs.length / features;
	const [found] = await runKernel(device, operator, (recording) => {
		const target = recording.output(count * 3);
		const counted = withDigits(inputs, signs, { active, words });
		const lists = [signs, starts, wired, wiring.pairs, wiring.channels, counted];
		recording.dispatch({
			label: `${operator}: trials`,
			shader: trialsShader,
			whole: [features, outputs, neurons, channel, active, words, digitsOf(active)],
			buffers: [
				...lists.map((list) => recording.input(list)),
				...[recording.scratch(count * (features + neurons)), target],
			],
			workgroups: [count],
			work: count * (features * 3 * words + wired.length + outputs * channel),
		});
		return [{ buffer: target, length: count * 3 }];
	});
	return found!;
}

/** Binary digits of a count. */
function digitsOf(count: number): number {
	return Math.floor(Math.log2(count)) + 1;
}

/**
 * Each input's features, then for every neuron how many of them have a positive sign there, as binary
 * digits: one word of 32 neurons after another, digit by digit.
 */
function withDigits(
	inputs: Uint32Array,
	signs: Uint32Array,
	{ active, words }: { readonly active: number; readonly words: number },
): Uint32Array<ArrayBuffer> {
	const digits = digitsOf(active);
	const length = active + digits * words;
	const counted = new Uint32Array((inputs.length / active) * length);
	for (let at = 0; at < inputs.length; at++) {
		const first = Math.floor(at / active) * length;
		counted[first + (at % active)] = inputs[at]!;
		for (let w = 0; w < words; w++) {
			let carry = signs[inputs[at]! * words + w]!;
			for (let k = 0; carry !== 0; k++) {
				const place = first + active + k * words + w;
				const sum = counted[place]!;
				counted[place] = sum ^ carry;
				carry &= sum;
			}
		}
	}
	return counted;
}

/** The same inputs through the layer as its equations read: false positives, false negatives, Σ noise². */
function trialsReference({ features, active }: TrialSizes, drawn: Drawn): Float64Array {
	const layer = layerOf(drawn);
	const count = drawn.inputs.length / active;
	const found = new Float64Array(count * 3);
	for (let i = 0; i < count; i++) {
		const y = new Float64Array(features);
		for (const feature of drawn.inputs.subarray(i * active, (i + 1) * active)) y[feature] = 1;
		const { before, falsePositives, falseNegatives } = runLayer(layer, y);
		const { rows, columns, values } = layer.computation;
		let squares = 0;
		for (let neuron = 0; neuron < rows; neuron++) {
			let exact = 0;
			for (let f = 0; f < columns; f++) exact += values[neuron * columns + f]! * y[f]!;
			squares += (before[neuron]! - exact) ** 2;
		}
		found.set([falsePositives, falseNegatives, squares], i * 3);
	}
	return found;
}

function layerOf({ wiring, signs }: Drawn): Layer {
	const { features, neurons } = wiring.sizes;
	const words = signs.length / features;
	const entry = 1 / Math.sqrt(neurons);
	const values = Float64Array.from({ length: neurons * features }, (_, at) => {
		const [i, f] = [Math.floor(at / features), at % features];
		return ((signs[f * words + (i >> 5)]! >>> (i & 31)) & 1) === 1 ? entry : -entry;
	});
	return buildLayer(wiring, { rows: neurons, columns: features, values });
}
