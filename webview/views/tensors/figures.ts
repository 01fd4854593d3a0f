import type { Figure } from '../../view-api/scene.ts';
import type { TensorsData } from './compute.ts';
import type { Known } from './detail.ts';
import { LARGEST_HALF } from './numbers.ts';
import { answerTo, surveyed, tensorQuery } from './queries.ts';
import { reach } from './sentence.ts';
import type { TensorsState } from './state.ts';
import type { Surveyed } from './survey.ts';

/** Smaller magnitudes are drawn here: a logarithm has no place for 0. */
const FLOOR = -12;

export function figuresOf(data: TensorsData, state: TensorsState, known: Known): Figure[] {
	switch (state.look) {
		case 'one':
			return histogram(state, known);
		case 'all':
			return magnitudes(surveyed(data, state, known).found);
		case 'backends':
			return differences(state, data.hasGpu ? surveyed(data, state, known).found : []);
		case 'placement':
			return [];
	}
}

function histogram(state: TensorsState, known: Known): Figure[] {
	const detail = answerTo('tensor', tensorQuery(state), known);
	if (!detail || detail.histogram.counts.length === 0) return [];
	const { min, max, counts } = detail.histogram;
	const width = (max - min) / counts.length;
	const middles = counts.map((_, bin) => min + (bin + 0.5) * width);
	return [
		{
			id: 'histogram',
			kind: 'bar',
			title: `Values of ${state.tensor}`,
			xLabel: `value (bins of ${width.toPrecision(3)})`,
			yLabel: 'values (count)',
			categories: middles.map((middle) => String(Number(middle.toPrecision(3)))),
			series: [{ label: 'values', role: 'accent', x: counts.map((_, bin) => bin), y: counts }],
		},
	];
}

const logarithm = (value: number) => Math.max(FLOOR, Math.log10(value));

function magnitudes(found: readonly Surveyed[]): Figure[] {
	if (found.length === 0) return [];
	const places = found.flatMap((each, at) => (Number.isFinite(reach(each)) ? [at] : []));
	const limit = Math.log10(LARGEST_HALF);
	return [
		{
			id: 'magnitudes',
			kind: 'scatter',
			title: 'Largest magnitude of each tensor',
			xLabel: 'place in the graph (tensors)',
			yLabel: 'log10 of the largest |value|',
			series: [
				{ label: 'largest |value|', role: 'accent', x: places, y: places.map((at) => logarithm(reach(found[at]!))) }, // prettier-ignore
				{ label: 'limit of float16', role: 'warning', x: [0, found.length - 1], y: [limit, limit] },
			],
		},
	];
}

function differences({ tolerance }: TensorsState, found: readonly Surveyed[]): Figure[] {
	const places = found.flatMap(({ relative }, at) => (relative === null || Number.isNaN(relative) ? [] : [at])); // prettier-ignore
	if (places.length === 0) return [];
	return [
		{
			id: 'differences',
			kind: 'scatter',
			title: 'WebGPU against WASM',
			xLabel: 'place in the graph (tensors)',
			yLabel: 'log10 of ‖difference‖ / ‖WASM‖',
			series: [
				{ label: 'relative difference', role: 'accent', x: places, y: places.map((at) => logarithm(found[at]!.relative!)) }, // prettier-ignore
				{
					label: 'tolerance',
					role: 'warning',
					x: [0, found.length - 1],
					y: [tolerance, tolerance],
				},
			],
		},
	];
}
