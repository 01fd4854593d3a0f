import { significant } from '../../view-api/format.ts';
import type { ImageMark, Mark, Role, Size } from '../../view-api/scene.ts';
import type { Block } from './blocks.ts';

export interface HeatMap {
	readonly title: string;
	/** Under the title, smaller. */
	readonly note?: string;
	/** `[rows, columns]`. */
	readonly values: Float32Array;
	readonly rows: number;
	readonly columns: number;
	readonly domain: readonly [number, number];
	readonly ramp: ImageMark['ramp'];
	/** What the colours mean, with the unit. */
	readonly label: string;
	/** Of what rows and columns are. */
	readonly rowName: string;
	readonly columnName: string;
	/** Cells that are marked, with the colour of the frame. */
	readonly marked?: readonly {
		readonly row: number;
		readonly column: number;
		readonly role: Role;
	}[];
	/** Lets the pointer read out a cell. */
	readonly target?: string;
	readonly maxSide?: number;
	/** Numbers written in the cells, where they are large enough. */
	readonly written?: boolean;
}

const BAR = 7;

/** A matrix as an image with a title above, and the ramp with its ends below. */
export function heatMapBlock(map: HeatMap, size: Size, minWidth = 170): Block {
	const { lineHeight } = size;
	const side = (width: number) => Math.min(width, map.maxSide ?? 260);
	const above = lineHeight * (map.note === undefined ? 1.3 : 2.3);
	const tall = (width: number) => (side(width) * map.rows) / Math.max(map.rows, map.columns);
	return {
		minWidth,
		maxWidth: map.maxSide ?? 260,
		height: (width) => above + tall(width) + lineHeight * 2.6 + BAR,
		draw: ({ x, y, width }) => {
			const box = {
				x,
				y: y + above,
				width: (side(width) * map.columns) / Math.max(map.rows, map.columns),
				height: tall(width),
			};
			const small = { kind: 'text', size: 'small', maxWidth: width } as const;
			const marks: Mark[] = [
				{ ...small, x, y: y + lineHeight / 2, text: map.title, fill: 'text', bold: true },
				...(map.note === undefined ? [] : [{ ...small, x, y: y + lineHeight * 1.5, text: map.note, fill: 'muted' } as const]), // prettier-ignore
				{ kind: 'image', ...box, columns: map.columns, rows: map.rows, values: map.values, domain: map.domain, ramp: map.ramp }, // prettier-ignore
				{ kind: 'rect', ...box, stroke: 'faint', strokeWidth: 1 },
				...frames(map, box),
				...numbers(map, box, size),
				{ ...small, x, y: box.y + box.height + lineHeight * 0.65, text: `${map.rowName} down, ${map.columnName} across`, fill: 'muted' }, // prettier-ignore
				...scale(map, x, box.y + box.height + lineHeight * 1.3, side(width), size),
			];
			const targets = map.target === undefined ? [] : [{ id: map.target, ...box, rows: map.rows, columns: map.columns, label: `${map.title}: ${map.rowName} down, ${map.columnName} across` }]; // prettier-ignore
			return { marks, targets };
		},
	};
}

interface Area {
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
}

function frames({ marked = [], rows, columns }: HeatMap, box: Area): Mark[] {
	return marked.map(({ row, column, role }): Mark => ({
		kind: 'rect',
		x: box.x + (column * box.width) / columns,
		y: box.y + (row * box.height) / rows,
		width: Math.max(3, box.width / columns),
		height: Math.max(3, box.height / rows),
		stroke: role,
		strokeWidth: 1.5,
	}));
}

function numbers(map: HeatMap, box: Area, { characterWidth, lineHeight }: Size): Mark[] {
	const { rows, columns, values } = map;
	const [wide, high] = [box.width / columns, box.height / rows];
	if (!map.written || wide < 5.5 * characterWidth || high < lineHeight) return [];
	const reach = Math.max(Math.abs(map.domain[0]), Math.abs(map.domain[1]));
	return Array.from(values, (value, at): Mark => {
		const [row, column] = [Math.floor(at / columns), at % columns];
		return {
			kind: 'text',
			x: box.x + (column + 0.5) * wide,
			y: box.y + (row + 0.5) * high,
			text: value.toFixed(2),
			// the ends of both ramps are dark, their middle or low end is the page's own colour
			fill: Math.abs(value) > reach * 0.8 ? 'background' : 'text',
			size: 'small',
			align: 'middle',
		};
	});
}

function scale(
	{ domain, ramp, label }: HeatMap,
	x: number,
	y: number,
	width: number,
	size: Size,
): Mark[] {
	// prettier-ignore
	const reach = Math.max(Math.abs(domain[0]), Math.abs(domain[1]));
	const [low, high] = ramp === 'diverging' ? [-reach, reach] : domain;
	const steps = 64;
	const values = Float32Array.from({ length: steps }, (_, at) => low + ((high - low) * at) / (steps - 1)); // prettier-ignore
	const bar = { x, y, width, height: BAR };
	const small = { kind: 'text', size: 'small', fill: 'muted', y: y + BAR + size.lineHeight * 0.6 } as const; // prettier-ignore
	const ends = [significant(low), significant(high)] as const;
	const room = width - (ends[0].length + ends[1].length + 3) * size.characterWidth;
	return [
		{ kind: 'image', ...bar, columns: steps, rows: 1, values, domain: [low, high], ramp },
		{ kind: 'rect', ...bar, stroke: 'faint', strokeWidth: 1 },
		{ ...small, x, text: ends[0] },
		{ ...small, x: x + width / 2, text: label, align: 'middle', maxWidth: Math.max(20, room) },
		{ ...small, x: x + width, text: ends[1], align: 'end' },
	];
}
