import { significant } from '../../view-api/format.ts';
import type { RoutedLayer, RoutingData } from './compute.ts';
import type { Past } from './detail.ts';
import { wayOf } from './past-strip.ts';
import { firstCell, type RoutingState } from './state.ts';

const ways = {
	softmax: 'exactly, from a kept chunk',
	open: 'in the open chunk, by both',
	linear: 'through the state',
	later: 'not at all: it comes later',
};

export const named = ({ tokens }: Pick<RoutingData, 'tokens'>, token: number) =>
	tokens[token] === undefined ? String(token) : `${token} (${tokens[token]})`;

/** What is under the cursor, else how the chosen token reads. */
export function readout(
	data: RoutingData,
	state: RoutingState,
	layer: RoutedLayer,
	past: Past | undefined,
): string {
	if (state.cell >= 0) return chunkText(data, state.cell);
	if (!past) return '';
	const share = layer.gates.exactShare[state.head * layer.T + state.query]!;
	const largest = (values: Float32Array) =>
		values.reduce((best, value, at) => (Math.abs(value) > Math.abs(values[best]!) ? at : best), 0);
	const [exact, folded] = [largest(past.exact), largest(past.folded)];
	const way = (key: number) => ways[wayOf(layer, state.head, state.query, key)];
	return [
		`token ${named(data, state.query)}: softmax counts for ${significant(share)} of the mix`,
		`its softmax reads most of ${named(data, exact)}, weight ${significant(past.exact[exact]!)}, ${way(exact)}`,
		`its state reads most of ${named(data, folded)}, weight ${significant(past.folded[folded]!)}`,
	].join(' · ');
}

function chunkText(data: RoutingData, cell: number): string {
	const at = data.layers.findLastIndex((_, index) => firstCell(data, index) <= cell);
	const { routes, name, gates, T } = data.layers[at]!;
	const inside = cell - firstCell(data, at);
	const [head, chunk] = [Math.floor(inside / routes.N), inside % routes.N];
	const margin = routes.margin[inside]!;
	const [from, to] = [chunk * routes.C, Math.min(T, (chunk + 1) * routes.C)];
	const surprise = gates.surprise.subarray(head * T + from, head * T + to);
	const mean = surprise.reduce((sum, x) => sum + x, 0) / surprise.length;
	const parts = [
		`${name}, head ${head}, chunk ${chunk} (tokens ${from} to ${to - 1}): the router chose ${routes.kept[inside] ? 'softmax' : 'the state'}`,
		Number.isNaN(margin) ? '' : `margin ${significant(margin)}`,
		Number.isNaN(mean) ? '' : `mean surprise ${significant(mean)}`,
	];
	return `${parts.filter((part) => part !== '').join(', ')} · press to flip`;
}
