import { neuronBounds } from '../../../../kernels/superposed-layer/superposed-layer.ts';
import { percent, significant } from '../../../view-api/format.ts';
import type { Scene, Size } from '../../../view-api/scene.ts';
import type { Control, DataExport } from '../../../view-api/view.ts';
import { flow } from '../blocks.ts';
import { factsBlock } from '../facts.ts';
import { plotBlock, type Series } from '../plot.ts';
import { OUTPUTS, type SuperpositionState } from '../state.ts';
import { measuredCells, sizesOf, type Cell, type KnownTrials } from './trials.ts';

export function phaseControls(state: SuperpositionState): Control<keyof SuperpositionState>[] {
	const root = Math.sqrt(state.outputs);
	return [
		{
			kind: 'choice',
			field: 'outputs',
			label: 'Functions m′',
			help: 'ANDs of pairs that the layer computes; as many features come in.',
			options: OUTPUTS.map((count) => ({ value: String(count), label: count.toLocaleString('en-US') })), // prettier-ignore
		},
		{
			kind: 'slider',
			field: 'neurons',
			label: 'Neurons n',
			min: Math.max(32, Math.round(4 * root)),
			max: Math.round(32 * root),
			step: Math.max(1, Math.round(root / 4)),
		},
		{ kind: 'slider', field: 'active', label: 'Features on v', min: 2, max: 12, step: 1 },
		{
			kind: 'slider',
			field: 'channel',
			label: 'Neurons of a function c',
			help: '0 takes ⌈log₂ m′⌉.',
			min: 0,
			max: 32,
			step: 1,
		},
		{
			kind: 'toggle',
			field: 'refine',
			label: 'Refine',
			help: 'Draws more networks and inputs until the curve is smooth; off keeps the first.',
		},
	];
}

/** Exact rate against n/√m′ from networks drawn while the user looks, with the noise that they should have. */
export function phaseScene(state: SuperpositionState, size: Size, known: KnownTrials): Scene {
	const { cells, done, of } = measuredCells(state, known);
	const root = Math.sqrt(state.outputs);
	const own = cells.find(({ sizes }) => sizes.neurons === state.neurons);
	const sorted = [...cells].sort((a, b) => a.sizes.neurons - b.sizes.neurons);
	const { lower, construction } = neuronBounds(state.outputs);
	const ratio = (cell: Cell) => cell.sizes.neurons / root;
	const line = (value: (cell: Cell) => number) => sorted.map((cell) => [ratio(cell), value(cell)] as const); // prettier-ignore
	const rate: Series = {
		kind: 'line',
		label: 'every output right',
		role: 'accent',
		points: line(({ rates }) => rates.exact),
		errors: sorted.map(({ error }) => error),
	};
	const here: Series = {
		kind: 'dots',
		label: `n = ${state.neurons}`,
		role: 'warning',
		points: own ? [[ratio(own), own.rates.exact]] : [],
	};
	const most = Math.max(1, ...sorted.map(({ rates }) => Math.max(rates.noise, rates.predictedNoise))); // prettier-ignore
	const blocks = [
		plotBlock(
			{
				title: `Share of inputs with all ${state.outputs.toLocaleString('en-US')} outputs right`,
				xLabel: 'n/√m′ (neurons over the root of the functions)',
				yLabel: 'share of inputs, one standard error',
				x: [0, 32],
				y: [0, 1],
				height: 210,
				series: [rate, here],
				rules: [
					{ at: lower / root, along: 'x', label: '√(m′ ln m′), lower bound', role: 'muted' },
					{ at: construction / root, along: 'x', label: '√m′ ln m′, construction', role: 'good' },
					{ at: 0.5, along: 'y', label: 'half', role: 'faint' },
				],
			},
			size,
			300,
		),
		plotBlock(
			{
				title: 'Noise of decompression',
				xLabel: 'n/√m′',
				yLabel: 'standard deviation of W x − R y',
				x: [0, 32],
				y: [0, most],
				height: 210,
				series: [
					{ kind: 'dots', label: 'measured', role: 'accent', points: line(({ rates }) => rates.noise) }, // prettier-ignore
					{ kind: 'line', label: 'predicted √(load · v / n)', role: 'muted', dash: true, points: line(({ rates }) => rates.predictedNoise) }, // prettier-ignore
				],
			},
			size,
			300,
		),
		...(own ? [factsBlock(`n = ${state.neurons}`, factsOf(own, root), size)] : []),
	];
	const { marks, targets, height } = flow(blocks, 0, size);
	const drawn = cells.reduce((sum, { tally }) => sum + tally.inputs, 0);
	return {
		site: '',
		title: `Phase diagram of computation in superposition, m′ = ${state.outputs}, v = ${state.active}`,
		description: sentence(state, own, sorted, root),
		width: size.width,
		height: Math.ceil(height),
		marks,
		targets,
		figures: [],
		readout:
			done < of
				? `${drawn.toLocaleString('en-US')} inputs so far, batch ${done} of ${of}`
				: `${drawn.toLocaleString('en-US')} inputs through ${of} networks drawn at random`,
	};
}

function factsOf({ sizes, tally, rates, error }: Cell, root: number) {
	const give = Number.isNaN(error) ? '' : ` ± ${significant(error)}`;
	return [
		['neurons over √m′', significant(sizes.neurons / root)],
		['neurons a function', significant(sizes.neurons / sizes.outputs)],
		['neurons of one channel c', String(sizes.channel)],
		['all outputs right', `${significant(rates.exact)}${give}`],
		['false positives an input', significant(rates.falsePositives)],
		['false negatives an input', significant(rates.falseNegatives)],
		['noise, measured (predicted)', `${significant(rates.noise)} (${significant(rates.predictedNoise)})`], // prettier-ignore
		['inputs, networks', `${tally.inputs.toLocaleString('en-US')}, ${tally.networks}`],
	] as const;
}

/** Where the curve crosses one half, between two measured cells. */
export function halfWay(sorted: readonly Cell[], root: number): number {
	for (let at = 1; at < sorted.length; at++) {
		const [a, b] = [sorted[at - 1]!, sorted[at]!];
		if (a.rates.exact < 0.5 && b.rates.exact >= 0.5) {
			const part = (0.5 - a.rates.exact) / (b.rates.exact - a.rates.exact);
			return (a.sizes.neurons + part * (b.sizes.neurons - a.sizes.neurons)) / root;
		}
	}
	return NaN;
}

function sentence(
	state: SuperpositionState,
	own: Cell | undefined,
	sorted: readonly Cell[],
	root: number,
): string {
	const what = `${state.outputs.toLocaleString('en-US')} ANDs in ${state.neurons.toLocaleString('en-US')} neurons`; // prettier-ignore
	if (!own) return `Drawing networks of ${what}…`;
	const half = halfWay(sorted, root);
	const crossing = Number.isNaN(half) ? '' : `; half of them are at n/√m′ = ${significant(half)}`;
	return `${what} with ${state.active} features on: all outputs are right on ${percent(own.rates.exact)} of inputs${crossing}.`; // prettier-ignore
}

export function phaseExport(state: SuperpositionState, known: KnownTrials): DataExport {
	const { cells } = measuredCells(state, known);
	const root = Math.sqrt(state.outputs);
	const rows = [...cells]
		.sort((a, b) => a.sizes.neurons - b.sizes.neurons)
		.map(({ sizes, tally, rates, error }) => ({
			...sizes,
			ratio: sizes.neurons / root,
			...rates,
			exactError: Number.isNaN(error) ? null : error,
			inputs: tally.inputs,
			networks: tally.networks,
		}));
	const names = ['outputs', 'neurons', 'channel', 'active', 'ratio', 'exact', 'exactError', 'falsePositives', 'falseNegatives', 'noise', 'predictedNoise', 'inputs', 'networks'] as const; // prettier-ignore
	const csv = [names.join(','), ...rows.map((row) => names.map((name) => row[name] ?? '').join(','))].join('\n'); // prettier-ignore
	const half = halfWay(
		[...cells].sort((a, b) => a.sizes.neurons - b.sizes.neurons),
		root,
	);
	return {
		csv: `${csv}\n`,
		json: { part: 'phase', cells: rows, halfWay: Number.isNaN(half) ? null : half, sizes: sizesOf(state, state.neurons), bounds: neuronBounds(state.outputs) }, // prettier-ignore
	};
}
