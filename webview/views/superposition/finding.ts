import type { Scene, Size } from '../../view-api/scene.ts';
import type { SiteFinding } from '../../view-api/view.ts';
import { percent } from '../../view-api/format.ts';
import { flow, type Block } from './blocks.ts';
import { lawOf } from './channels/channel-queries.ts';
import { decibels, mean } from './channels/channel-scene.ts';
import { gridOf, written } from './channels/grid.ts';
import type { MeasuredGrid } from './channels/measure-grid.ts';
import type { SuperposedData } from './data.ts';
import { heatMapBlock } from './heat-map.ts';
import { layerSentence } from './layer/layer-scene.ts';
import type { MeasuredLayer } from './layer/measure.ts';
import { plotBlock } from './plot.ts';

/** Of the small picture; text sizes as the standard themes have them. */
const CARD: Size = { width: 400, height: 260, characterWidth: 6.7, lineHeight: 16 };

export function findings(data: SuperposedData): SiteFinding[] {
	return [
		...data.grids.map(gridFinding),
		...data.layers.filter(({ site }) => site !== '').map(layerFinding),
	];
}

function gridFinding({ site, grid, channels, detail, together, alone }: MeasuredGrid): SiteFinding {
	const snr = decibels(mean(detail.valueDecibels));
	const share = (accuracy: MeasuredGrid['alone']) =>
		accuracy && percent(accuracy.right / accuracy.of);
	const right = together ? ` · accuracy ${share(together)} (alone ${share(alone)})` : '';
	const description = `${channels} inputs share one pass on a grid of ${written(grid)}; a channel’s values come back at ${snr} (law ${decibels(lawOf(gridOf(grid)))})${together ? `, and ${share(together)} of ${together.of} answers are right (alone ${share(alone)})` : ''}.`; // prettier-ignore
	const unbinding = heatMapBlock(
		{
			title: 'Answers unbound, against each channel alone',
			values: detail.answers,
			rows: channels,
			columns: channels,
			domain: [-1, 1],
			ramp: 'diverging',
			label: 'cosine',
			rowName: 'channels',
			columnName: 'alone',
			written: channels <= 4,
		},
		CARD,
		220,
	);
	return {
		site,
		description,
		lens: `${channels} channels · SNR ${snr}${right}`,
		entropy: null,
		reach: null,
		proof: detail.proof,
		picture: card(site, description, unbinding),
	};
}

function layerFinding(layer: MeasuredLayer): SiteFinding {
	const { site, outputs, neurons, drawn, proof } = layer;
	const description = layerSentence(layer);
	return {
		site,
		description,
		lens: `${outputs.toLocaleString('en-US')} functions in ${neurons.toLocaleString('en-US')} neurons · exact ${percent(drawn.exact)}`, // prettier-ignore
		entropy: null,
		reach: null,
		proof,
		picture: card(site, description, marginsBlock(layer)),
	};
}

/** Margins of all outputs over the drawn inputs, as they were counted. */
function marginsBlock({ drawn }: MeasuredLayer): Block {
	const { margins } = drawn;
	const series = margins.map(({ from, to, counts }, at) => ({
		kind: 'line' as const,
		label: at === 0 ? 'false outputs' : 'true outputs',
		role: at === 0 ? ('muted' as const) : ('good' as const),
		points: counts.map((count, bin) => [from + ((bin + 0.5) * (to - from)) / counts.length, count] as const), // prettier-ignore
	}));
	const { from, to } = margins[0];
	return plotBlock(
		{
			title: 'Margins of the outputs over the inputs',
			xLabel: 'mean of the channel − ½ (above 0 is on)',
			yLabel: 'outputs, heights as roots',
			x: [from, to],
			y: [0, Math.max(...margins.flatMap(({ counts }) => counts), 1)],
			rootScale: true,
			series,
			rules: [{ at: 0, along: 'x', label: '', role: 'text' }],
		},
		CARD,
		CARD.width,
	);
}

export function card(site: string, description: string, block: Block): Scene {
	const { marks, height } = flow([block], 0, CARD);
	return {
		site,
		title: description,
		description,
		width: CARD.width,
		height: Math.ceil(height),
		marks,
		targets: [],
		figures: [],
		readout: '',
	};
}
