import { percent } from '../../view-api/format.ts';
import type { Mark, Role, Size, Target } from '../../view-api/scene.ts';

/** Above this many chunks neighbours of one route are drawn as one, without their margins. */
const MOST_CELLS = 3000;

export interface TrackBox {
	readonly x: number;
	readonly y: number;
	readonly width: number;
	/** Height of a head's row. */
	readonly row: number;
}

/** Routes of one layer: H heads of N chunks. */
export interface TrackLayer {
	readonly name: string;
	readonly H: number;
	readonly N: number;
	/** `[H, N]`: 1 where the chunk is kept exactly. */
	readonly kept: ArrayLike<number>;
	/** `[H, N]`: how sure; NaN where that is not known. */
	readonly margin: ArrayLike<number>;
	/** The head in front, −1 for none. */
	readonly chosen: number;
	readonly outlines: readonly (readonly [cell: number, stroke: Role])[];
	/** What a press does, for the keyboard's user. */
	readonly label: string;
}

/** One row a head and one cell a chunk: tall where kept exactly, low where folded into a state. */
export function routeTrack(
	layers: readonly TrackLayer[],
	box: TrackBox,
	size: Size,
): { marks: Mark[]; targets: Target[]; height: number } {
	const marks: Mark[] = [];
	const targets: Target[] = [];
	let y = box.y;
	const all = layers.reduce((sum, { H, N }) => sum + H * N, 0);
	layers.forEach((layer, at) => {
		const place = { ...box, y };
		marks.push(...rowLabels(layer, place, size));
		marks.push(...(all > MOST_CELLS ? runs(layer, place) : cells(layer, place)));
		marks.push(...layer.outlines.map(([cell, stroke]) => outline(layer, cell, stroke, place)));
		targets.push({
			id: `track:${at}`,
			x: box.x,
			y,
			width: box.width,
			height: box.row * layer.H,
			label: layer.label,
			rows: layer.H,
			columns: layer.N,
		});
		y += box.row * layer.H + Math.min(6, box.row);
	});
	return { marks, targets, height: y - box.y };
}

/** Height of a head's row such that all rows fit. */
export function rowHeight(layers: readonly { readonly H: number }[], most: number): number {
	const rows = layers.reduce((sum, { H }) => sum + H, 0);
	return Math.max(3, Math.min(22, most / rows));
}

function rowLabels(
	{ H, N, name, kept, chosen }: TrackLayer,
	{ x, y, width, row }: TrackBox,
	{ characterWidth, lineHeight }: Size,
): Mark[] {
	const line = { kind: 'text', size: 'small' } as const;
	const short = name.replace(/^layer /, 'L');
	const share = (from: number, to: number) => {
		let sum = 0;
		for (let at = from; at < to; at++) sum += kept[at]!;
		return percent(sum / (to - from))
			.replace('under 1', '<1')
			.replace('over 99', '>99');
	};
	const right = { ...line, x: x + width + 6, fill: 'text', maxWidth: 6 * characterWidth } as const;
	// rows too low for their own words are named by their layer alone
	if (row < lineHeight * 0.8) {
		if (row * H < lineHeight * 0.8) return [];
		const middle = y + (row * H) / 2;
		return [
			{ ...line, x: 0, y: middle, text: short, fill: chosen >= 0 ? 'accent' : 'muted', bold: chosen >= 0, maxWidth: x - 4 }, // prettier-ignore
			{ ...right, y: middle, text: share(0, H * N) },
		];
	}
	return Array.from({ length: H }, (_, head) => head).flatMap((head): Mark[] => {
		const front = head === chosen;
		const middle = y + (head + 0.5) * row;
		return [
			{ ...line, x: 0, y: middle, text: `${short} h${head}`, fill: front ? 'accent' : 'muted', bold: front, maxWidth: x - 4 }, // prettier-ignore
			{ ...right, y: middle, text: share(head * N, (head + 1) * N) },
		];
	});
}

function cells({ H, N, kept, margin }: TrackLayer, box: TrackBox): Mark[] {
	let largest = 0;
	for (let at = 0; at < H * N; at++) largest = Math.max(largest, Math.abs(margin[at]!) || 0);
	return Array.from({ length: H * N }, (_, at): Mark => {
		const strength = largest > 0 ? Math.abs(margin[at]!) / largest : 1;
		return cellMark(kept[at]!, Math.floor(at / N), at % N, 1, N, box, 0.55 + 0.45 * strength);
	});
}

function runs({ H, N, kept }: TrackLayer, box: TrackBox): Mark[] {
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
	const tall = row - (row > 4 ? 2 : 0);
	const low = Math.max(1, tall * 0.36);
	return {
		kind: 'rect',
		x: x + from * cell,
		y: y + head * row + (kept ? 0 : tall - low),
		width: count * cell - gap,
		height: kept ? tall : low,
		fill: kept ? 'softmax' : 'linear',
		opacity,
	};
}

function outline(
	{ N }: TrackLayer,
	at: number,
	stroke: Role,
	{ x, y, width, row }: TrackBox,
): Mark {
	const [head, chunk] = [Math.floor(at / N), at % N];
	const place = { x: x + (chunk * width) / N, y: y + head * row - 1, height: row };
	return { kind: 'rect', ...place, width: Math.max(4, width / N), stroke, strokeWidth: 2 };
}
