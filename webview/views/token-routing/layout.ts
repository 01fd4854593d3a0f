import { magnitude, percent, significant } from '../../view-api/format.ts';
import type { Mark, Scene, Size } from '../../view-api/scene.ts';
import { accountOf, bytesText, digits } from './account.ts';
import type { RoutedLayer, RoutingData } from './compute.ts';
import type { Known, RoutingDetail } from './detail.ts';
import { gateFigure, stateFigure, triesFigure } from './figures.ts';
import { pastStrip, wayOf } from './past-strip.ts';
import { layerSentence, trySentence } from './sentence.ts';
import { firstCell, isForced, layerOf, routesOf, tryName, type RoutingState } from './state.ts';
import { routeTrack } from './track.ts';

const STRIP_HEIGHT = 96;

/** Routes of every layer on top, how the chosen token reads under them, the account and the proofs last. */
export function layoutRouting(
	data: RoutingData,
	state: RoutingState,
	size: Size,
	known: Known,
): Scene {
	const layer = layerOf(data, state);
	if (!layer) return nothing(data, size);
	const routes = routesOf(data, state);
	const forced = isForced(data, state);
	const line = size.lineHeight;
	const x = 7 * size.characterWidth;
	const width = Math.max(60, size.width - x - 7 * size.characterWidth);
	const rows = data.layers.reduce((sum, { H }) => sum + H, 0);
	const row = Math.max(3, Math.min(22, 420 / rows));

	const legend = legendMarks(size);
	const track = routeTrack(data, state, routes, { x, y: legend.height, width, row }, size);
	const titled = legend.height + track.height + line;
	const past = known({ kind: 'past', site: layer.exact.id, head: state.head, query: state.query });
	const strip = { x, y: titled + line, width, height: STRIP_HEIGHT };
	const facts = factLines(data, layer, state, digits(routes[state.layer]!));
	const below = strip.y + STRIP_HEIGHT + line;
	const restoreButton = forced ? restoreMarks(below + facts.length * line * 1.2, size) : undefined;
	const tries = triesFigure(data, state, known);
	return {
		title: `${layer.name}, head ${state.head}: routes of chunks and how token ${state.query} reads the past`,
		site: layer.exact.id,
		description: description(data, state, layer, forced, routes, known),
		width: size.width,
		height: Math.ceil(below + (facts.length + (forced ? 2 : 0)) * line * 1.2 + 8),
		marks: [
			...legend.marks,
			...track.marks,
			text(`How token ${named(data, state.query)} reads the past in ${layer.name}, head ${state.head}: weight × mix`, titled, size), // prettier-ignore
			...pastStrip(layer, state, past?.kind === 'past' ? past : undefined, strip, size),
			...facts.flatMap(([name, value, good], at): Mark[] => {
				const y = below + at * line * 1.2;
				const words = { kind: 'text', y, size: 'small' } as const;
				return [
					{ ...words, x: 0, text: name, fill: 'muted', maxWidth: size.width * 0.4 },
					{ ...words, x: Math.min(size.width * 0.42, 300), text: value, fill: good ? 'good' : 'text', maxWidth: size.width * 0.58 }, // prettier-ignore
				];
			}),
			...(restoreButton?.marks ?? []),
		],
		targets: [
			...track.targets,
			{ id: 'past', ...strip, label: `Tokens of the sequence; Enter picks the one that reads`, rows: 1, columns: layer.T }, // prettier-ignore
			...(restoreButton ? [restoreButton.target] : []),
		],
		figures: [
			...(tries ? [tries] : []),
			gateFigure(layer, state.head),
			stateFigure(layer, state.head),
		],
		readout: readout(data, state, layer, past),
	};
}

function text(words: string, y: number, { width }: Size): Mark {
	return { kind: 'text', x: 0, y, text: words, fill: 'text', size: 'small', bold: true, maxWidth: width }; // prettier-ignore
}

const named = ({ tokens }: RoutingData, token: number) =>
	tokens[token] === undefined ? String(token) : `${token} (${tokens[token]})`;

function description(
	data: RoutingData,
	state: RoutingState,
	layer: RoutedLayer,
	forced: boolean,
	routes: readonly string[],
	known: Known,
): string {
	const own = layerSentence(data, layer);
	if (!forced) return own;
	const result = known({ kind: 'try', routes });
	const name = tryName(state);
	if (result?.kind !== 'try') return `Running the model with other routes (${name})… ${own}`;
	return `${trySentence(data, name, result)} ${own}`;
}

function legendMarks(size: Size): { marks: Mark[]; height: number } {
	const entries = [
		['kept exactly (softmax)', 'softmax', false],
		['folded into the state (linear)', 'linear', true],
		['open chunk (both)', 'good', false],
	] as const;
	const marks: Mark[] = [];
	let [x, y] = [0, size.lineHeight / 2];
	for (const [label, fill, hatch] of entries) {
		const width = 18 + label.length * size.characterWidth + 16;
		if (x > 0 && x + width > size.width) [x, y] = [0, y + size.lineHeight];
		marks.push(
			{ kind: 'rect', x, y: y - 5, width: 12, height: 10, fill, ...(hatch ? { hatch } : {}) },
			{ kind: 'text', x: x + 18, y, text: label, fill: 'muted', size: 'small' },
		);
		x += width;
	}
	marks.push({
		kind: 'text',
		x: 0,
		y: y + size.lineHeight,
		text: 'heads down, chunks across; the stronger, the larger the router’s margin',
		fill: 'muted',
		size: 'small',
		maxWidth: size.width,
	});
	return { marks, height: y + size.lineHeight * 2 };
}

function restoreMarks(y: number, { lineHeight, characterWidth }: Size) {
	const label = 'Restore the model’s own routes';
	const box = { x: 0, y, width: (label.length + 2) * characterWidth, height: lineHeight * 1.5 };
	const marks: Mark[] = [
		{ kind: 'rect', ...box, stroke: 'accent', strokeWidth: 1, radius: 3 },
		{ kind: 'text', x: box.width / 2, y: y + box.height / 2, text: label, fill: 'accent', size: 'small', align: 'middle' }, // prettier-ignore
	];
	return { marks, target: { id: 'restore', ...box, label } };
}

type Fact = [name: string, value: string, good?: boolean];

function factLines(
	data: RoutingData,
	layer: RoutedLayer,
	state: RoutingState,
	kept: readonly number[],
): Fact[] {
	const account = accountOf(layer, kept);
	const model = data.layers.map((each, at) => accountOf(each, digits(routesOf(data, state)[at]!)));
	const sum = (value: (each: (typeof model)[number]) => number) =>
		model.reduce((total, each) => total + value(each), 0);
	const [exact, folded] = layer.proofs;
	const mark = ({ residual, verified }: typeof exact) =>
		`${verified ? '✓ verified' : '✗ not verified'}${residual === null ? '' : ` ${magnitude(residual)}`}`;
	return [
		['KV rows kept', `${account.rows.toLocaleString('en-US')} of ${account.allRows.toLocaleString('en-US')} (${percent(account.rows / account.allRows)})`], // prettier-ignore
		[
			'memory, this layer',
			`${bytesText(account.keptBytes)} KV + ${bytesText(account.stateBytes)} state`,
		],
		['memory, all layers', `${bytesText(sum((each) => each.keptBytes + each.stateBytes))}; all softmax ${bytesText(sum((each) => each.allBytes))}, all linear ${bytesText(sum((each) => each.stateBytes))}`], // prettier-ignore
		['softmax branch', mark(exact), exact.verified],
		['state branch', mark(folded), folded.verified],
	];
}

const ways = {
	softmax: 'exactly, from a kept chunk',
	open: 'in the open chunk, by both',
	linear: 'through the state',
	later: 'not at all: it comes later',
};

function readout(
	data: RoutingData,
	state: RoutingState,
	layer: RoutedLayer,
	past: RoutingDetail | undefined,
): string {
	if (state.cell >= 0) {
		const at = data.layers.findLastIndex((_, index) => firstCell(data, index) <= state.cell);
		const { routes, name } = data.layers[at]!;
		const inside = state.cell - firstCell(data, at);
		const [head, chunk] = [Math.floor(inside / routes.N), inside % routes.N];
		const margin = routes.margin[inside]!;
		return `${name}, head ${head}, chunk ${chunk} (tokens ${chunk * routes.C} to ${(chunk + 1) * routes.C - 1}): the router chose ${routes.kept[inside] ? 'softmax' : 'the state'}${Number.isNaN(margin) ? '' : `, margin ${significant(margin)}`} · press to flip`;
	}
	if (past?.kind !== 'past') return '';
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

function nothing({ failed }: RoutingData, size: Size): Scene {
	const reason = failed[0]?.reason ?? 'This model routes nothing.';
	return {
		title: 'Token routing',
		site: failed[0]?.site ?? '',
		description: `No layer’s routes can be drawn. ${reason}`,
		width: size.width,
		height: size.lineHeight * 2,
		marks: [],
		targets: [],
		figures: [],
		readout: '',
	};
}
