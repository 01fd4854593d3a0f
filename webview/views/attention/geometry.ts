import type { Size } from '../../view-api/scene.ts';
import { legendHeight } from '../../view-api/legend.ts';
import type { AttentionData, MeasuredSite } from './compute.ts';
import type { visibleWindow } from './state.ts';

export interface Box {
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
}

/** Where the parts of the picture stand. */
export interface Geometry {
	/** Small pictures of all heads, `perRow` beside each other, each with two lines of text under it. */
	readonly thumbnails: Box & {
		readonly side: number;
		readonly perRow: number;
		readonly rowHeight: number;
	};
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

const GAP = 20;
const WIDE_FROM = 620;
const PROFILE_HEIGHT = 44;
const PROFILE_GAP = 6;
const LONGEST_LABEL = 12;
const LONGEST_LABEL_NARROW = 7;
/** Lines of the table of facts. */
const FACTS = 5;

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
	const rows = window.rows[1] - window.rows[0];
	const columns = window.columns[1] - window.columns[0];
	const longest = Math.max(
		String(Math.max(T, S)).length,
		...data.tokens.map((token) => token.length),
	);
	const most = size.width < 420 ? LONGEST_LABEL_NARROW : LONGEST_LABEL;
	const room = Math.ceil(Math.min(longest, most) * size.characterWidth) + 9;
	const labels = { left: room, bottom: room };

	const side = wide ? Math.round(Math.min(340, Math.max(200, size.width * 0.26))) : size.width;
	const thumbs = thumbnailsIn(side, H, wide, line);
	const thumbnails = {
		x: wide ? size.width - side : 0,
		y: line * 1.5,
		width: side,
		height: thumbs.rowHeight * Math.ceil(H / thumbs.perRow),
		...thumbs,
	};
	const top = wide ? 0 : thumbnails.y + thumbnails.height + GAP / 2;
	const heading = {
		x: 0,
		y: top,
		width: wide ? size.width - side - GAP : size.width,
		height: line * 1.5,
	};

	const x = line + labels.left;
	const below = PROFILE_GAP + PROFILE_HEIGHT + labels.bottom + line;
	const across = heading.width - line - labels.left - 1;
	const down = wide ? Math.max(260, size.height - top - heading.height - below) : across;
	const cells = fit(rows, columns, across, down);
	const matrix = { x, y: top + heading.height, ...cells };
	const profile = {
		x,
		y: matrix.y + matrix.height + PROFILE_GAP,
		width: matrix.width,
		height: PROFILE_HEIGHT,
	};
	const bottom = profile.y + PROFILE_HEIGHT + labels.bottom + line;

	const legend = {
		x: wide ? thumbnails.x : 0,
		y: wide ? thumbnails.y + thumbnails.height + GAP / 2 : bottom + GAP / 2,
		width: Math.min(side, 300),
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

function thumbnailsIn(width: number, heads: number, wide: boolean, line: number) {
	const least = wide ? 72 : 64;
	const gap = 12;
	const fits = Math.max(1, Math.floor((width + gap) / (least + gap)));
	const perRow = Math.min(heads, fits, Math.max(2, Math.ceil(Math.sqrt(heads * (wide ? 1 : 3)))));
	const side = Math.min(132, Math.floor((width + gap) / perRow) - gap);
	return { side, perRow, rowHeight: side + line * 2 + 14 };
}

/** A square where both ways have as many tokens, in whole pixels a cell where that costs little. */
function fit(rows: number, columns: number, across: number, down: number) {
	const cell = Math.min(across / columns, down / rows);
	const sharp = cell >= 3 ? Math.floor(cell) : cell;
	const wide = Math.min(across, columns * Math.max(sharp, 1e-3));
	// few queries on many keys, as when a cache is read: rows stay tall enough to see
	const high = Math.max(rows * sharp, Math.min(down, rows * 14, 120));
	return {
		width: rows * 4 < columns ? across : wide,
		height: rows * 4 < columns ? Math.min(high, down) : rows * sharp,
	};
}
