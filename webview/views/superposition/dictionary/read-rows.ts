import type { Rows } from '../../../../kernels/sparse-coding/sparse-coding.ts';
import type { ViewContext } from '../../../view-api/view.ts';
import { SiteTensorError } from '../../../view-api/site-tensors.ts';
import { floats } from '../layer/code.ts';
import type { DictionarySource, FeatureTensor } from './sources.ts';

/** Rows that are taken apart at most, evenly spread; and features, the first ones. */
const MOST_ROWS = 1024;
const MOST_FEATURES = 2048;

/** Vectors with what stands at each. */
export interface NamedRows {
	readonly rows: Rows;
	readonly names: readonly string[];
	/** How many there were. */
	readonly of: number;
}

/** The rows of an activation of the run's input, or of a weight. */
export async function readTensor(
	context: ViewContext,
	{ name, width }: FeatureTensor,
): Promise<NamedRows> {
	// prettier-ignore
	if (name.startsWith('weight:')) {
		const { values, shape } = await readWeight(context, name.slice('weight:'.length));
		return thinned(values, shape[1]!, (at) => `neuron ${at}`);
	}
	const { values, shape } = await readTapped(context, name);
	if (shape.at(-1) !== width) {
		throw new SiteTensorError(`${name} was expected with rows of ${width}, and the run gave shape [${shape.join(', ')}].`); // prettier-ignore
	}
	const { tokens } = context;
	const label = (at: number) =>
		tokens.length > 0 ? (tokens[at % tokens.length] ?? '') : String(at);
	return thinned(values, width, label);
}

function thinned(values: Float32Array, width: number, label: (at: number) => string): NamedRows {
	const of = values.length / width;
	const step = Math.max(1, Math.ceil(of / MOST_ROWS));
	const kept = Array.from({ length: Math.ceil(of / step) }, (_, at) => at * step);
	const chosen = new Float64Array(kept.length * width);
	kept.forEach((row, at) =>
		chosen.set(values.subarray(row * width, (row + 1) * width), at * width),
	);
	return { rows: { count: kept.length, width, values: chosen }, names: kept.map(label), of };
}

/** Features as rows; a feature of zeros is left out. */
export async function readDictionary(
	context: ViewContext,
	{ id, columns, width }: DictionarySource,
): Promise<NamedRows> {
	const { values, shape } = await readSource(context, id);
	const [first = 1, second = 1] = shape;
	const of = columns ? second : first;
	const count = Math.min(of, MOST_FEATURES);
	const found = new Float64Array(count * width);
	const names: string[] = [];
	for (let f = 0; f < count; f++) {
		const row = found.subarray(names.length * width, (names.length + 1) * width);
		for (let i = 0; i < width; i++) row[i] = values[columns ? i * second + f : f * second + i]!;
		if (row.some((x) => x !== 0)) names.push(String(f));
	}
	const kept = found.slice(0, names.length * width);
	return { rows: { count: names.length, width, values: kept }, names, of };
}

interface Values {
	readonly values: Float32Array;
	readonly shape: readonly number[];
}

async function readSource(context: ViewContext, id: string): Promise<Values> {
	const [, kind = '', rest = ''] = /^(\w+):(.*)$/s.exec(id) ?? [];
	if (kind === 'table') return readTapped(context, rest);
	if (kind === 'reads' || kind === 'writes') return readWeight(context, rest);
	const [path = '', name = ''] = rest.split('#');
	const { shape, values } = await context.files.read(path, name);
	return { shape, values: floats(values) };
}

async function readTapped(context: ViewContext, name: string): Promise<Values> {
	const run = await context.again({ taps: [name] });
	try {
		const tensor = await run.tensor(name);
		return { values: await tensor.read(), shape: tensor.shape };
	} finally {
		run.release();
	}
}

/** `[outputs, inputs]`, whichever way the node reads it. */
async function readWeight(context: ViewContext, node: string): Promise<Values> {
	const linear = context.model.linears.find(({ name }) => name === node);
	if (!linear) throw new SiteTensorError(`The model has no linear layer ${node}.`);
	const { values } = await readTapped(context, linear.weight);
	const { inputs, outputs, transposed } = linear;
	if (transposed) return { values, shape: [outputs, inputs] };
	const turned = Float32Array.from(
		{ length: values.length },
		(_, at) => values[(at % inputs) * outputs + Math.floor(at / inputs)]!,
	);
	return { values: turned, shape: [outputs, inputs] };
}
