import { counted, magnitude, percent, significant } from '../../../view-api/format.ts';
import type { Scene, Size } from '../../../view-api/scene.ts';
import type { Control, DataExport } from '../../../view-api/view.ts';
import { flow, type Block } from '../blocks.ts';
import type { SuperposedData } from '../data.ts';
import { factsBlock, type Fact } from '../facts.ts';
import { heatMapBlock } from '../heat-map.ts';
import type { Histogram } from '../histogram.ts';
import { plotBlock, type Series } from '../plot.ts';
import type { SuperpositionState } from '../state.ts';
import { inputWish, type KnownLayer } from './layer-queries.ts';
import type { Matrices, MatrixSummary } from './matrices.ts';
import type { MeasuredLayer } from './measure.ts';
import type { OneInput } from './one-input.ts';

export function layerControls(
	data: SuperposedData,
	state: SuperpositionState,
): Control<keyof SuperpositionState>[] {
	return [
		{
			kind: 'choice',
			field: 'layer',
			label: 'Layer',
			options: data.layers.map(({ name }, at) => ({ value: String(at), label: name })),
		},
		{
			kind: 'text',
			field: 'features',
			label: 'Features on',
			placeholder: 'as in the input',
			help: 'Numbers of the features that are on; they are compressed and the model is run on them.',
		},
		{ kind: 'button', field: 'draw', label: 'Draw features' },
		...(state.draw > 0
			? [{ kind: 'slider', field: 'active', label: 'Drawn features', min: 2, max: 12, step: 1 } as const] // prettier-ignore
			: []),
		{
			kind: 'toggle',
			field: 'spectrum',
			label: 'Singular values',
			help: 'Takes long for more than a thousand neurons.',
		},
	];
}

export function layerScene(
	data: SuperposedData,
	state: SuperpositionState,
	size: Size,
	known: KnownLayer,
): Scene {
	const layer = data.layers[state.layer]!;
	const input = known(inputWish(state));
	const matrices = known({ kind: 'matrices', layer: state.layer });
	const one = input?.kind === 'input' ? input : undefined;
	const weights = matrices?.kind === 'matrices' ? matrices : undefined;
	const blocks: Block[] = [
		...(weights ? matrixBlocks(weights, size) : []),
		...(one ? inputBlocks(layer, one, size) : []),
		...spectrumBlocks(state, size, known),
		factsBlock('Right answers of the model', ratesFacts(layer), size),
		...(weights ? [factsBlock('What W alone gives back', weightFacts(weights, layer), size)] : []),
	];
	const { marks, targets, height } = flow(blocks, 0, size);
	return {
		site: layer.site,
		title: `${layer.name}: ${layer.outputs} functions in ${layer.neurons} neurons, decompressed`,
		description: layerSentence(layer, weights),
		width: size.width,
		height: Math.ceil(height),
		marks,
		targets,
		figures: [],
		readout: one ? inputSentence(one) : 'Running the model on this input…',
	};
}

/** The figures of a layer in one sentence. */
export function layerSentence(layer: MeasuredLayer, weights?: Matrices): string {
	const { outputs, neurons, drawn, channel, noise } = { ...layer, noise: layer.drawn.noise };
	const counts = `${outputs.toLocaleString('en-US')} functions in ${neurons.toLocaleString('en-US')} neurons`; // prettier-ignore
	const right = `all of them right on ${percent(drawn.exact)} of ${counted(drawn.inputs, 'input')}`;
	if (channel === 0) {
		const trace = weights
			? `; columns of W·C of two features that form a pair have a cosine of ${significant(weights.twin.pairCosine)}, of two others ${significant(weights.twin.othersCosine)}: ${hasTrace(weights) ? 'a trace of an R' : 'no trace of an R'}` // prettier-ignore
			: '';
		return `Trained: ${counts}, ${right}${trace}.`;
	}
	const predicted = Number.isNaN(layer.predictedNoise)
		? ''
		: ` (predicted ${significant(layer.predictedNoise)})`;
	return `${counts}, ${right}; the noise of decompression is ${significant(noise)}${predicted}.`;
}

/** Pairs stand out of what chance allows for, by five standard errors. */
export function hasTrace({ twin }: Matrices): boolean {
	const error = twin.spread / Math.sqrt(twin.pairs);
	return twin.pairCosine - twin.othersCosine > 5 * error;
}

function inputSentence({ on, wanted, falsePositives, falseNegatives }: OneInput): string {
	const list = (all: readonly number[]) =>
		all.length > 8 ? `${all.slice(0, 8).join(', ')} and ${all.length - 8} more` : all.join(', ');
	if (!on) return 'This input is no sum of columns of C: which features are on is not known.';
	const said = wanted.length === 0 ? 'no output is true' : `true: ${list(wanted)}`;
	const wrong = [
		falsePositives.length > 0 ? `false positives: ${list(falsePositives)}` : '',
		falseNegatives.length > 0 ? `false negatives: ${list(falseNegatives)}` : '',
	].filter((part) => part !== '');
	return `features on: ${list(on)} · ${said} · ${wrong.join(' · ') || 'every output is right'}`;
}

function matrixBlocks(matrices: Matrices, size: Size): Block[] {
	const all = [...matrices.shown, ...matrices.recovered];
	return all.map((matrix) => {
		const { name, corner, rows, columns, density } = matrix;
		const [down, across] = [Math.min(64, rows), corner.length / Math.min(64, rows)];
		const whole = matrices.recovered.includes(matrix) ? '' : `${percent(density)} not 0`;
		const binary = name === 'R' || matrices.recovered.includes(matrix);
		const reach = binary ? 1 : strong(matrix);
		return heatMapBlock(
			{
				title: titles[name] ?? name,
				note: whole === '' ? 'first rows and columns' : `${rows}×${columns}, ${whole}`,
				values: corner,
				rows: down,
				columns: across,
				domain: [-reach, reach],
				ramp: 'diverging',
				label: 'entry',
				rowName: name === 'D' ? 'features' : 'neurons',
				columnName: name === 'W' || name === 'D' ? 'inputs' : 'features',
			},
			size,
			150,
		);
	});
}

const titles: Readonly<Record<string, string>> = {
	W: 'W, all the network has',
	R: 'R, the computation',
	D: 'D, the decompression',
	'W·C': 'W·C, what W gives of R',
	'W·C⁺ rescaled': 'by the pseudoinverse',
};

/** Three times the root mean square, so that a few large entries do not dim the others. */
const strong = ({ rms, largest }: MatrixSummary) => Math.min(largest, 3 * rms) || 1;

function inputBlocks(layer: MeasuredLayer, one: OneInput, size: Size): Block[] {
	const on = new Set(one.on ?? []);
	const every = Array.from(one.decompressed, (value, f) => [f, value] as const);
	const low = Math.min(-0.5, ...one.decompressed);
	const high = Math.max(1.2, ...one.decompressed);
	const decompressed = plotBlock(
		{
			title: 'Decompressed input D x',
			xLabel: `feature (${layer.features.toLocaleString('en-US')})`,
			yLabel: 'D x',
			x: [0, layer.features],
			y: [low, high],
			series: [
				{ kind: 'dots', label: `off, noise ${significant(one.decompressedNoise)}`, role: 'muted', points: every.filter(([f]) => !on.has(f)) }, // prettier-ignore
				{ kind: 'dots', label: 'on', role: 'warning', points: every.filter(([f]) => on.has(f)) },
			],
			rules: [{ at: 0.5, along: 'y', label: '½', role: 'faint' }],
		},
		size,
	);
	const blocks = [decompressed, marginBlock(layer, one, size)];
	if (one.before.length > 0) {
		blocks.push(beforeBlock(one.before, size), sharingBlock(one.sharing, size));
		blocks.push(overlapBlock(layer, one, size));
	}
	return blocks;
}

const pairNames = ['none of the pair on', 'one on', 'both on'] as const;
const pairRoles = ['muted', 'linear', 'softmax'] as const;

function beforeBlock(before: readonly Histogram[], size: Size): Block {
	const most = Math.max(...before.flatMap(({ counts }) => counts));
	const series = before.map((histogram, at): Series => ({
		kind: 'line',
		label: pairNames[at]!,
		role: pairRoles[at]!,
		points: outline(histogram),
	}));
	const { from, to } = before[0]!;
	return plotBlock(
		{
			title: 'Pre-activations W x of the channels’ neurons',
			xLabel: 'W x (1 is the threshold of the ReLU)',
			yLabel: 'neurons, heights as roots',
			x: [from, to],
			y: [0, most],
			rootScale: true,
			series,
			rules: [{ at: 1, along: 'x', label: 'threshold', role: 'muted' }],
		},
		size,
	);
}

function outline({ from, to, counts }: Histogram): [number, number][] {
	const width = (to - from) / counts.length;
	return counts.flatMap((count, at): [number, number][] => [
		[from + at * width, count],
		[from + (at + 1) * width, count],
	]);
}

function marginBlock(layer: MeasuredLayer, one: OneInput, size: Size): Block {
	const points = (want: (p: number) => boolean) =>
		Array.from(one.readOut, (value, p) => [p, value - 0.5] as const).filter(([p]) => want(p));
	const wrong = new Set([...one.falsePositives, ...one.falseNegatives]);
	const true_ = new Set(one.wanted);
	return plotBlock(
		{
			title: 'Margins of the outputs',
			xLabel: `output (${layer.outputs.toLocaleString('en-US')})`,
			yLabel: layer.channel > 0 ? 'mean of the channel − ½' : 'sigmoid of the score − ½',
			x: [0, layer.outputs],
			y: [-0.55, Math.max(0.6, ...one.readOut.map((value) => value - 0.5))],
			series: [
				{ kind: 'dots', label: 'false, as it should be', role: 'muted', points: points((p) => !true_.has(p) && !wrong.has(p)) }, // prettier-ignore
				{ kind: 'dots', label: 'true', role: 'good', points: points((p) => true_.has(p)) },
				{ kind: 'dots', label: 'wrong', role: 'error', points: points((p) => wrong.has(p)) },
			],
			rules: [{ at: 0, along: 'y', label: '', role: 'text' }],
		},
		size,
	);
}

function sharingBlock({ counts }: Histogram, size: Size): Block {
	const most = Math.max(...counts);
	return plotBlock(
		{
			title: 'Channels that a neuron belongs to',
			xLabel: 'outputs that share the neuron',
			yLabel: 'neurons',
			x: [-0.5, counts.length - 0.5],
			y: [0, most],
			series: [{ kind: 'bars', label: 'neurons', role: 'linear', points: counts.map((count, at) => [at, count] as const) }], // prettier-ignore
			bare: true,
		},
		size,
	);
}

function overlapBlock({ channel }: MeasuredLayer, one: OneInput, size: Size): Block {
	const side = one.overlapOf.length;
	return heatMapBlock(
		{
			title: 'Overlap |S_p ∩ S_q|',
			note: `true outputs, then the ${side - one.wanted.length} of largest read-out`,
			values: one.overlaps,
			rows: side,
			columns: side,
			domain: [0, channel],
			ramp: 'sequential',
			label: 'shared neurons',
			rowName: 'outputs',
			columnName: 'outputs',
			target: 'overlaps',
		},
		size,
		200,
	);
}

function spectrumBlocks(state: SuperpositionState, size: Size, known: KnownLayer): Block[] {
	const roles = { W: 'accent', R: 'linear', D: 'good' } as const;
	const found = (['W', 'R', 'D'] as const).flatMap((which) => {
		const detail = known({ kind: 'spectrum', layer: state.layer, which });
		return detail?.kind === 'spectrum' ? [{ which, values: detail.values }] : [];
	});
	if (found.length === 0) return [];
	const largest = Math.max(...found.map(({ values }) => values[0]!));
	const longest = Math.max(...found.map(({ values }) => values.length));
	const series = found.map(({ which, values }): Series => ({
		kind: 'line',
		label: which,
		role: roles[which],
		points: Array.from(values, (value, at) => [at + 1, value] as const),
	}));
	return [
		plotBlock(
			{
				title: 'Singular values',
				xLabel: 'rank',
				yLabel: 'singular value, heights as roots',
				x: [1, longest],
				y: [0, largest],
				rootScale: true,
				series,
			},
			size,
		),
	];
}

function ratesFacts({
	drawn,
	stored,
	proof,
	channel,
	load,
	predictedNoise,
}: MeasuredLayer): Fact[] {
	const rates = (name: string, from: typeof drawn): Fact[] => [
		[`${name} (${from.inputs}), every output right`, significant(from.exact)],
		['false positives, negatives an input', `${significant(from.falsePositives)}, ${significant(from.falseNegatives)}`], // prettier-ignore
	];
	const noise: Fact[] =
		channel === 0
			? []
			: [
					['noise of W x, measured (predicted)', `${significant(drawn.noise)} (${significant(predictedNoise)})`], // prettier-ignore
					['neurons a channel, load of a neuron', `${channel}, ${significant(load)}`],
				];
	const mark = proof.residual === null ? '' : ` ${magnitude(proof.residual)}`;
	return [
		...rates('drawn inputs', drawn),
		...(stored ? rates('stored inputs', stored) : []),
		...noise,
		['W = R D', channel === 0 ? 'no R is known' : `${proof.verified ? '✓ verified' : '✗ not verified'}${mark}`, proof.verified ? 'good' : 'warning'], // prettier-ignore
	];
}

function weightFacts({ errors, correlations, twin, rows }: Matrices, layer: MeasuredLayer): Fact[] {
	const both = (values: readonly [number, number]) => `${significant(values[0])}, ${significant(values[1])}`; // prettier-ignore
	const recovered: Fact[] =
		errors && correlations
			? [
					[`correlation with R by C, by C⁺ (${rows} rows)`, both(correlations)],
					['noise where R is 0', both([errors[0].noise, errors[1].noise])],
					['mean where R is 1', both([errors[0].atOnes, errors[1].atOnes])],
					['entries on the right side of ½', both([errors[0].right, errors[1].right])],
					['noise predicted, √(load / n)', significant(Math.sqrt(layer.load / layer.neurons))],
				]
			: [];
	return [
		...recovered,
		['cosine of the columns of a pair', significant(twin.pairCosine)],
		['of two other features', `${significant(twin.othersCosine)} ± ${significant(twin.spread)}`],
		['of pairs after a shuffle', significant(twin.shuffledCosine)],
		['excess kurtosis of W·C', significant(twin.kurtosis)],
	];
}

export function layerExport(
	data: SuperposedData,
	state: SuperpositionState,
	known: KnownLayer,
): DataExport {
	const { layer } = state;
	const input = known(inputWish(state));
	const matrices = known({ kind: 'matrices', layer });
	const one = input?.kind === 'input' ? input : undefined;
	const weights = matrices?.kind === 'matrices' ? matrices : undefined;
	const lines = one
		? Array.from(one.readOut, (value, p) => `${p},${one.pairOn[p]!},${value},${value - 0.5}`)
		: [];
	const bare = ({ name, rows, columns, density, rms, largest }: MatrixSummary) => ({
		name,
		rows,
		columns,
		density,
		rms,
		largest,
	});
	return {
		csv: `output,pair_on,read_out,margin\n${lines.join('\n')}\n`,
		json: {
			part: 'layer',
			code: data.code?.file ?? null,
			layers: data.layers,
			input: one && { on: one.on, wanted: one.wanted, falsePositives: one.falsePositives, falseNegatives: one.falseNegatives, decompressedNoise: one.decompressedNoise }, // prettier-ignore
			weights: weights && { ...weights, shown: weights.shown.map(bare), recovered: weights.recovered.map(bare), trace: hasTrace(weights) }, // prettier-ignore
			singularValues: (['W', 'R', 'D'] as const).flatMap((which) => {
				const detail = known({ kind: 'spectrum', layer, which });
				return detail?.kind === 'spectrum' ? [{ which, values: Array.from(detail.values) }] : [];
			}),
		},
	};
}
