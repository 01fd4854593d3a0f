import type { Mark, Scene, Size } from '../../view-api/scene.ts';
import { tokenAxis } from '../../view-api/token-axis.ts';
import { accountOf, digits } from './account.ts';
import { answerRow } from './answer-row.ts';
import type { RoutedLayer, RoutingData } from './compute.ts';
import type { Known, Past } from './detail.ts';
import { factLines, type Fact } from './facts.ts';
import { gateFigure, stateFigure, surpriseFigure, triesFigure } from './figures.ts';
import { ROUTES, routeLegend, wrapped } from './legend.ts';
import { memoryBars } from './memory-bars.ts';
import { pastStrip } from './past-strip.ts';
import { named, readout } from './readout.ts';
import { layerSentence, trySentence } from './sentence.ts';
import { firstCell, isForced, layerOf, routesOf, tryName, type RoutingState } from './state.ts';
import { rowHeight, routeTrack, type TrackLayer } from './track.ts';

const STRIP_HEIGHT = 96;
const ANSWERS_HEIGHT = 16;
const AXIS_ROOM = 44;

/** Routes of every layer on top, how the chosen token reads under them, then what it costs and what proves it. */
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
	const { lineHeight: line, characterWidth } = size;
	const x = 7 * characterWidth;
	const width = Math.max(60, size.width - x - 8 * characterWidth);
	const answer = known({
		kind: 'past',
		site: layer.exact.id,
		head: state.head,
		query: state.query,
	});
	const past = answer?.kind === 'past' ? answer : undefined;
	const tried = forced ? known({ kind: 'try', routes }) : undefined;
	const answers = tried?.kind === 'try' ? tried : data.base;

	const legend = routeLegend(
		[...ROUTES, { label: 'open chunk (both)', fill: 'good' }],
		['Heads down, chunks across; the stronger, the surer the router. Press a chunk to flip it.'],
		size,
	);
	const tracks = trackLayers(data, state, routes);
	const box = { x, y: legend.height + 4, width, row: rowHeight(tracks, 420) };
	const track = routeTrack(tracks, box, size);
	const below = box.y + track.height;
	const across = { x, width, span: layer.routes.N * layer.routes.C };
	const asked = data.base.asked > 0 ? ANSWERS_HEIGHT : 0;
	const titled = below + asked + line;
	const strip = { ...across, y: titled + line * 0.8, height: STRIP_HEIGHT };
	const axis = axisMarks(data, layer, state, past, strip, size);
	const memoryTop = strip.y + STRIP_HEIGHT + AXIS_ROOM + line * 1.6;
	const accounts = data.layers.map((each, at) => accountOf(each, digits(routes[at]!)));
	const memory = memoryBars(accounts, forced ? 'forced' : 'as routed', memoryTop + line, size);
	const factsTop = memoryTop + line + memory.height + line;
	const facts = factLines(layer, accounts[state.layer]!, tried?.kind === 'try' ? tried : undefined);
	const shownFacts = factRows(facts, factsTop, size);
	const bottom = factsTop + shownFacts.height;
	const restore = forced ? restoreMarks(bottom, size) : undefined;
	const tries = triesFigure(data, state, known);
	return {
		title: `${layer.name}, head ${state.head}: routes of chunks and how token ${state.query} reads the past`,
		site: layer.exact.id,
		description: description(data, state, layer, forced, routes, known),
		width: size.width,
		height: Math.ceil(bottom + (restore ? line * 2 : 0) + 8),
		marks: [
			...legend.marks,
			...track.marks,
			...(asked > 0
				? answerRow(answers, 'asked', { ...across, y: below, height: asked }, size)
				: []),
			heading(`${size.width < 400 ? 'Token' : 'How token'} ${named(data, state.query)} ${size.width < 400 ? 'in' : 'reads the past in'} ${layer.name}, head ${state.head}${size.width > 560 ? ', by weight × share of the mix' : ''}${forced ? ' (unforced)' : ''}`, titled, size), // prettier-ignore
			...pastStrip(layer, state, past, strip, size),
			...axis,
			heading(data.layers.length === 1 ? 'Memory after the last token' : `Memory after the last token, ${data.layers.length} routed layers`, memoryTop, size), // prettier-ignore
			...memory.marks,
			...shownFacts.marks,
			...(restore?.marks ?? []),
		],
		targets: [
			...track.targets,
			{ id: 'past', ...strip, width: (layer.T * width) / across.span, label: `Tokens of the sequence; Enter picks the one that reads`, rows: 1, columns: layer.T }, // prettier-ignore
			...(restore ? [restore.target] : []),
		],
		figures: [
			...(tries ? [tries] : []),
			gateFigure(layer, state.head),
			surpriseFigure(layer, state.head),
			stateFigure(layer, state.head),
		],
		readout: readout(data, state, layer, past),
	};
}

function trackLayers(
	data: RoutingData,
	{ layer: front, head, flips, cell }: RoutingState,
	routes: readonly string[],
): TrackLayer[] {
	return data.layers.map(({ name, H, routes: { N, margin } }, at) => {
		const first = firstCell(data, at);
		const outlines = [...flips.map((each) => [each, 'warning'] as const), [cell, 'focus'] as const];
		return {
			...{ name, H, N, margin, kept: digits(routes[at]!) },
			chosen: at === front ? head : -1,
			outlines: outlines
				.filter(([each]) => each >= first && each < first + H * N)
				.map(([each, stroke]) => [each - first, stroke] as const),
			label: `Routes of ${name}: heads down, chunks across; Enter flips a chunk`,
		};
	});
}

/** Tokens under the strip: the one that reads, those it reads most, and as many others as there is room for. */
function axisMarks(
	{ tokens }: RoutingData,
	{ T }: RoutedLayer,
	{ query }: RoutingState,
	past: Past | undefined,
	strip: { x: number; y: number; width: number; span: number },
	size: Size,
): Mark[] {
	const largest = past ? largestFirst(past.exact, 3).map((token) => ({ token, role: 'softmax' as const })) : []; // prettier-ignore
	return tokenAxis(
		{
			way: 'across',
			edge: strip.y + STRIP_HEIGHT,
			start: strip.x,
			cell: strip.width / strip.span,
			from: 0,
			count: T,
			title: 'earlier',
			label: (token) => tokens[token] ?? String(token),
			first: [{ token: query, role: 'focus' }, ...largest],
			room: AXIS_ROOM,
		},
		size,
	);
}

function largestFirst(values: Float32Array, count: number): number[] {
	return Array.from(values.keys())
		.sort((a, b) => values[b]! - values[a]!)
		.slice(0, count)
		.filter((at) => values[at]! > 0.02);
}

export function heading(words: string, y: number, { width }: Size): Mark {
	return { kind: 'text', x: 0, y, text: words, fill: 'text', size: 'small', bold: true, maxWidth: width }; // prettier-ignore
}

/** Names left, values right of them, on as many lines as they need. */
export function factRows(
	facts: readonly Fact[],
	y: number,
	size: Size,
): { marks: Mark[]; height: number } {
	const { width, characterWidth, lineHeight } = size;
	const longest = Math.max(...facts.map(([name]) => name.length));
	const x = Math.min(width * 0.5, (longest + 3) * characterWidth);
	let line = y;
	const marks = facts.flatMap(([name, value, good]): Mark[] => {
		const fill = good === undefined ? 'text' : good ? 'good' : 'error';
		const first = line;
		const values = wrapped(value, { ...size, width: width - x }).map((text): Mark => {
			const mark = { kind: 'text', x, y: line, text, fill, size: 'small', maxWidth: width - x } as const; // prettier-ignore
			line += lineHeight * 1.1;
			return mark;
		});
		return [
			{ kind: 'text', x: 0, y: first, text: name, fill: 'muted', size: 'small', maxWidth: x - 6 },
			...values,
		];
	});
	return { marks, height: line - y };
}

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

function restoreMarks(y: number, { lineHeight, characterWidth }: Size) {
	const label = 'Restore the model’s own routes';
	const box = { x: 0, y, width: (label.length + 2) * characterWidth, height: lineHeight * 1.5 };
	const marks: Mark[] = [
		{ kind: 'rect', ...box, stroke: 'accent', strokeWidth: 1, radius: 3 },
		{ kind: 'text', x: box.width / 2, y: y + box.height / 2, text: label, fill: 'accent', size: 'small', align: 'middle' }, // prettier-ignore
	];
	return { marks, target: { id: 'restore', ...box, label } };
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
