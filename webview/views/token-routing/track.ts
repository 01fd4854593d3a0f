import { percent } from '../../view-api/format.ts';
import type { Mark, Size, Target } from '../../view-api/scene.ts';
import { digits } from './account.ts';
import type { RoutedLayer, RoutingData } from './compute.ts';
import { firstCell, type RoutingState } from './state.ts';

/** Above this many chunks neighbours of one route are drawn as one, without their margins. */
const MOST_CELLS = 3000;

export interface TrackBox {
	readonly x: number;
	readonly y: number;
	readonly width: number;
	/** Height of a head's row. */
	readonly row: number;
}

/** One row a head and one cell a chunk, for every routed layer; each cell is pressed to flip its route. */
export function routeTrack(
	data: RoutingData,
	state: RoutingState,
	routes: readonly string[],
	box: TrackBox,
	size: Size,
): { marks: Mark[]; targets: Target[]; height: number } {
	const marks: Mark[] = [];
	const targets: Target[] = [];
	let y = box.y;
	const all = data.layers.reduce((sum, { H, routes: { N } }) => sum + H * N, 0);
	data.layers.forEach((layer, at) => {
		const kept = digits(routes[at]!);
		const place = { ...box, y };
		marks.push(...rowLabels(layer, at, kept, state, place, size));
		marks.push(...(all > MOST_CELLS ? runs(layer, kept, place) : cells(layer, kept, place)));
		marks.push(...outlines(data, layer, at, state, place));
		targets.push({
			id: `track:${at}`,
			x: box.x,
			y,
			width: box.width,
			height: box.row * layer.H,
			label: `Routes of ${layer.name}: heads down, chunks across; Enter flips a chunk`,
			rows: layer.H,
			columns: layer.routes.N,
		});
		y += box.row * layer.H + 6;
	});
	return { marks, targets, height: y - box.y };
}

function rowLabels(
	{ H, name, routes: { N } }: RoutedLayer,
	layer: number,
	kept: readonly number[],
	state: RoutingState,
	{ x, y, width, row }: TrackBox,
	{ characterWidth, lineHeight }: Size,
): Mark[] {
	// rows too low for their own words are named by their layer alone
	const heads = row >= lineHeight * 0.8 ? Array.from({ length: H }, (_, h) => h) : [];
	const line = { kind: 'text', size: 'small' } as const;
	const short = name.replace(/^layer /, 'L');
	if (heads.length === 0) {
		return [{ ...line, x: 0, y: y + (row * H) / 2, text: short, fill: 'muted', maxWidth: x - 4 }];
	}
	return heads.flatMap((head): Mark[] => {
		const chosen = layer === state.layer && head === state.head;
		const middle = y + (head + 0.5) * row;
		const part = kept.slice(head * N, (head + 1) * N);
		const share = part.reduce((sum, one) => sum + one, 0) / N;
		return [
			{ ...line, x: 0, y: middle, text: `${short} h${head}`, fill: chosen ? 'accent' : 'muted', bold: chosen, maxWidth: x - 4 }, // prettier-ignore
			{ ...line, x: x + width + 6, y: middle, text: percent(share).replace('under 1', '<1').replace('over 99', '>99'), fill: 'text', maxWidth: 6 * characterWidth }, // prettier-ignore
		];
	});
}

function cells({ H, routes }: RoutedLayer, kept: readonly number[], box: TrackBox): Mark[] {
	const { N, margin } = routes;
	const largest = margin.reduce((most, value) => Math.max(most, Math.abs(value) || 0), 0);
	return Array.from({ length: H * N }, (_, at): Mark => {
		const strength = largest > 0 ? Math.abs(margin[at]!) / largest : 1;
		return cellMark(kept[at]!, Math.floor(at / N), at % N, 1, N, box, 0.35 + 0.65 * strength);
	});
}

function runs({ H, routes: { N } }: RoutedLayer, kept: readonly number[], box: TrackBox): Mark[] {
	const marks: Mark[] = [];
	for (let head = 0; head < H; head++) {
		for (let from = 0; from < N;) {
			let to = from + 1;
			while (to < N && kept[head * N + to] === kept[head * N + from]) to++;
			marks.push(cellMark(kept[head * N + from]!, head, from, to - from, N, box, 1));
			from = to;
		}
	}
	return marks;
}

function cellMark(
	kept: number,
	head: number,
	from: number,
	count: number,
	N: number,
	{ x, y, width, row }: TrackBox,
	opacity: number,
): Mark {
	const cell = width / N;
	const gap = cell > 5 ? 1 : 0;
	return {
		kind: 'rect',
		x: x + from * cell,
		y: y + head * row,
		width: count * cell - gap,
		height: row - (row > 4 ? 2 : 0),
		fill: kept ? 'softmax' : 'linear',
		opacity,
		...(kept ? {} : { hatch: true }),
	};
}

/** Flipped chunks, and the one under the cursor. */
function outlines(
	data: RoutingData,
	{ H, routes: { N } }: RoutedLayer,
	layer: number,
	{ cell, flips }: RoutingState,
	{ x, y, width, row }: TrackBox,
): Mark[] {
	const first = firstCell(data, layer);
	return [...flips.map((at) => [at, 'warning'] as const), [cell, 'focus'] as const]
		.filter(([at]) => at >= first && at < first + H * N)
		.map(([at, stroke]): Mark => {
			const [head, chunk] = [Math.floor((at - first) / N), (at - first) % N];
			const place = { x: x + (chunk * width) / N, y: y + head * row - 1, width: Math.max(4, width / N), height: row }; // prettier-ignore
			return { kind: 'rect', ...place, stroke, strokeWidth: 2 };
		});
}
