import { legendHeight } from '../../view-api/legend.ts';
import type { Size } from '../../view-api/scene.ts';
import type { AttentionData, MeasuredSite } from './compute.ts';
import type { visibleWindow } from './state.ts';

export interface Box {
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
}

/** Small pictures of all heads, `perRow` beside each other, each with two lines of text under it. */
export interface ThumbnailGrid extends Box {
	readonly side: number;
	readonly gap: number;
	readonly perRow: number;
	readonly rowHeight: number;
}

/** Where the parts of the picture stand. */
export interface Geometry {
	readonly thumbnails: ThumbnailGrid;
	/** One line above the large picture. */
	readonly heading: Box;
	readonly matrix: Box;
	/** The weights of one query, under the matrix and on the same columns. */
	readonly profile: Box;
	/** Room for labels left of the matrix and under the profile, axis titles not counted. */
	readonly labels: { readonly left: number; readonly bottom: number };
	readonly legend: Box;
	readonly facts: Box;
	readonly height: number;
}

const GAP = 28;
const WIDE_FROM = 620;
const PROFILE_HEIGHT = 44;
const PROFILE_GAP = 6;
const LONGEST_LABEL = 12;
const LONGEST_LABEL_NARROW = 7;
/** Lines of the table of facts. */
const FACTS = 6;
/** The large head's part of a wide picture, at most. */
const LARGE_PART = 0.68;

/**
 * Beside each other where there is room: the large head left, all heads and the legend right. Narrow: heads on top in
 * rows, then the large head over the whole width, then the legend.
 */
export function geometryOf(
	data: AttentionData,
	{ H, T, S }: MeasuredSite,
	window: ReturnType<typeof visibleWindow>,
	size: Size,
): Geometry {
	const line = size.lineHeight;
	const wide = size.width >= WIDE_FROM;
	const labels = labelRoom(data, Math.max(T, S), size);
	const titled = line * 1.5;

	const above = wide ? undefined : gridOf(0, titled, size.width, H, line);
	const top = above ? above.y + above.height + GAP / 2 : 0;
	const x = line + labels.left;
	const below = PROFILE_GAP + PROFILE_HEIGHT + labels.bottom + line;
	const across = (wide ? size.width * LARGE_PART : size.width) - x - 1;
	const down = wide ? Math.max(260, size.height - top - titled - below) : across;
	const matrix = {
		x,
		y: top + titled,
		...cellsIn(
			window.rows[1] - window.rows[0],
			window.columns[1] - window.columns[0],
			across,
			down,
		),
	};
	const heading = { x: 0, y: top, width: x + matrix.width, height: titled };
	const profile = {
		x,
		y: matrix.y + matrix.height + PROFILE_GAP,
		width: matrix.width,
		height: PROFILE_HEIGHT,
	};
	const bottom = profile.y + PROFILE_HEIGHT + labels.bottom + line;

	const right = heading.width + GAP;
	const thumbnails = above ?? gridOf(right, titled, size.width - right, H, line);
	const legend = {
		x: thumbnails.x,
		y: (wide ? thumbnails.y + thumbnails.height : bottom) + GAP / 2,
		width: Math.min(thumbnails.width, 320),
		height: legendHeight(size),
	};
	const facts = {
		x: legend.x,
		y: legend.y + legend.height + GAP / 2,
		width: legend.width,
		height: FACTS * line * 1.15,
	};
	const height = Math.ceil(Math.max(bottom, facts.y + facts.height) + 4);
	return { thumbnails, heading, matrix, profile, labels, legend, facts, height };
}

function labelRoom({ tokens }: AttentionData, length: number, { width, characterWidth }: Size) {
	const longest = tokens.reduce(
		(most, token) => Math.max(most, token.length),
		String(length).length,
	);
	const most = width < 420 ? LONGEST_LABEL_NARROW : LONGEST_LABEL;
	// never narrower than the figures beside the profile
	const room = Math.ceil(Math.max(5, Math.min(longest, most)) * characterWidth) + 9;
	return { left: room, bottom: room };
}

const THUMBNAIL = { least: 68, most: 190, gap: 14 };

/** As many beside each other as stay large enough, in rows of about the same length. */
export function gridOf(
	x: number,
	y: number,
	width: number,
	heads: number,
	lineHeight: number,
): ThumbnailGrid {
	const { least, most, gap } = THUMBNAIL;
	const fits = Math.max(1, Math.floor((width + gap) / (least + gap)));
	const shape = Math.max(2, Math.ceil(Math.sqrt((heads * width) / 320)));
	const perRow = Math.min(heads, fits, shape);
	const side = Math.min(most, Math.floor((width + gap) / Math.max(2, perRow)) - gap);
	const rowHeight = side + lineHeight * 2 + gap;
	const height = rowHeight * Math.ceil(heads / perRow);
	return { x, y, width, height, side, gap, perRow, rowHeight };
}

/** Fewer queries than this part of the keys, as when a cache is read, get rows that are tall enough to see. */
const FLAT = 0.25;
const FLAT_ROW = 14;

/** Square cells, in half or whole pixels where that costs little, so that they are all drawn alike. */
function cellsIn(rows: number, columns: number, across: number, down: number) {
	if (rows < columns * FLAT) {
		const height = Math.max((rows * across) / columns, Math.min(rows * FLAT_ROW, 120));
		return { width: across, height: Math.min(height, down) };
	}
	const cell = Math.min(across / columns, down / rows);
	const step = cell >= 8 ? 1 : 0.5;
	const even = cell >= 2 ? Math.floor(cell / step) * step : cell;
	return { width: columns * even, height: rows * even };
}
