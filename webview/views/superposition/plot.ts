import { significant } from '../../view-api/format.ts';
import type { Mark, Role, Size, TextMark } from '../../view-api/scene.ts';
import type { Block, Box } from './blocks.ts';

export interface Series {
	readonly kind: 'line' | 'dots' | 'bars';
	readonly label: string;
	readonly role: Role;
	readonly points: readonly (readonly [x: number, y: number])[];
	readonly dash?: boolean;
	/** Half a standard error up and down, one a point. */
	readonly errors?: readonly number[];
}

/** A line across the whole plot with words at it. */
export interface Rule {
	readonly at: number;
	readonly along: 'x' | 'y';
	readonly label: string;
	readonly role: Role;
}

export interface Plot {
	readonly title: string;
	/** With units. */
	readonly xLabel: string;
	readonly yLabel: string;
	readonly x: readonly [from: number, to: number];
	readonly y: readonly [from: number, to: number];
	readonly series: readonly Series[];
	readonly rules?: readonly Rule[];
	/** Heights as their square roots, so that a few stand out beside many. */
	readonly rootScale?: boolean;
	readonly height?: number;
	/** What the legend leaves out. */
	readonly bare?: boolean;
}

/** Axes, lines, dots, bars and rules as marks, so that they stand in exported pictures and hovers too. */
export function plotBlock(plot: Plot, size: Size, minWidth = 250): Block {
	const height = (width: number) =>
		(plot.height ?? 150) + size.lineHeight * (4.8 + legendLines(plot, width, size));
	return {
		minWidth,
		maxWidth: 560,
		height,
		draw: (box) => ({ marks: plotMarks(plot, box, size) }),
	};
}

function legendLines({ series, bare }: Plot, width: number, size: Size): number {
	return bare ? 0 : placeLegend(series, width, size).lines;
}

function placeLegend(series: readonly Series[], width: number, { characterWidth }: Size) {
	let [x, line] = [0, 0];
	const places = series.map(({ label }) => {
		const needed = 20 + label.length * characterWidth + 12;
		if (x > 0 && x + needed > width) [x, line] = [0, line + 1];
		const place = { x, line };
		x += needed;
		return place;
	});
	return { places, lines: series.length === 0 ? 0 : line + 1 };
}

function plotMarks(plot: Plot, box: Box, size: Size): Mark[] {
	const { lineHeight, characterWidth } = size;
	const legend = plot.bare ? { places: [], lines: 0 } : placeLegend(plot.series, box.width, size);
	const left = 6 * characterWidth;
	const inner: Box = {
		x: box.x + left,
		y: box.y + lineHeight * (2.5 + legend.lines) + 4,
		width: box.width - left - 8,
		height: plot.height ?? 150,
	};
	const small = { kind: 'text', size: 'small', fill: 'muted' } as const;
	const marks: Mark[] = [
		{ ...small, x: box.x, y: box.y + lineHeight / 2, text: plot.title, fill: 'text', bold: true, maxWidth: box.width }, // prettier-ignore
	];
	legend.places.forEach(({ x, line }, at) => {
		const { label, role, kind, dash } = plot.series[at]!;
		const y = box.y + lineHeight * (1.7 + line);
		marks.push(keyMark(box.x + x, y, role, kind, dash));
		marks.push({ ...small, x: box.x + x + 18, y, text: label, maxWidth: box.width - x - 18 });
	});
	const place = placing(plot, inner);
	marks.push(...axes(plot, inner, place, size));
	let upright = 0;
	for (const rule of plot.rules ?? []) {
		marks.push(...ruleMarks(rule, plot, inner, place, size, rule.along === 'x' ? upright++ : 0));
	}
	for (const series of plot.series) marks.push(...seriesMarks(series, plot, inner, place));
	const below = inner.y + inner.height + lineHeight * 1.8;
	const label: TextMark = { ...small, x: inner.x + inner.width / 2, y: below, text: plot.xLabel, align: 'middle', maxWidth: inner.width }; // prettier-ignore
	marks.push(label);
	return marks;
}

function keyMark(x: number, y: number, fill: Role, kind: Series['kind'], dash?: boolean): Mark {
	if (kind === 'bars') return { kind: 'rect', x, y: y - 4, width: 12, height: 8, fill };
	if (kind === 'dots') return { kind: 'dots', xy: Float32Array.from([x + 6, y]), radius: 3, fill };
	const points = [
		[x, y],
		[x + 13, y],
	] as const;
	return { kind: 'line', points, stroke: fill, width: 2, ...(dash ? { dash: [4, 3] } : {}) };
}

interface Placing {
	x(value: number): number;
	y(value: number): number;
}

function placing({ x: [x0, x1], y: [y0, y1], rootScale }: Plot, box: Box): Placing {
	const root = (value: number) => (rootScale ? Math.sqrt(Math.max(0, value)) : value);
	const [low, high] = [root(y0), root(y1)];
	return {
		x: (value) => box.x + ((value - x0) / (x1 - x0 || 1)) * box.width,
		y: (value) => box.y + box.height - ((root(value) - low) / (high - low || 1)) * box.height,
	};
}

function axes(plot: Plot, box: Box, place: Placing, { lineHeight, characterWidth }: Size): Mark[] {
	const small = { kind: 'text', size: 'small', fill: 'muted' } as const;
	const [x0, x1] = plot.x;
	const [y0, y1] = plot.y;
	const xs = ticks(x0, x1, Math.max(2, Math.floor(box.width / (7 * characterWidth))));
	const ys = plot.rootScale ? rootTicks(y1) : ticks(y0, y1, Math.max(2, Math.floor(box.height / (2.2 * lineHeight)))); // prettier-ignore
	const line = (points: [number, number][]): Mark => ({ kind: 'line', points, stroke: 'faint', width: 1 }); // prettier-ignore
	return [
		line([[box.x, box.y], [box.x, box.y + box.height], [box.x + box.width, box.y + box.height]]), // prettier-ignore
		...xs.map((x): Mark => ({ ...small, x: place.x(x), y: box.y + box.height + lineHeight * 0.75, text: tickText(x), align: 'middle' })), // prettier-ignore
		...ys.map((y): Mark => ({ ...small, x: box.x - 4, y: place.y(y), text: tickText(y), align: 'end' })), // prettier-ignore
		{ ...small, x: box.x - 6 * characterWidth, y: box.y - lineHeight * 0.95, text: plot.yLabel, maxWidth: box.width + 6 * characterWidth }, // prettier-ignore
	];
}

const tickText = (value: number) =>
	Math.abs(value) >= 1000 ? significant(value) : String(Number(value.toPrecision(3)));

function ticks(from: number, to: number, most: number): number[] {
	const rough = (to - from) / most;
	if (!(rough > 0)) return [from];
	const unit = 10 ** Math.floor(Math.log10(rough));
	const step = [1, 2, 5, 10].map((times) => times * unit).find((size) => size >= rough)!;
	const first = Math.ceil(from / step - 1e-9);
	const last = Math.floor(to / step + 1e-9);
	return Array.from({ length: last - first + 1 }, (_, at) => (first + at) * step);
}

function rootTicks(most: number): number[] {
	const top = 10 ** Math.floor(Math.log10(Math.max(1, most)));
	return [...new Set([0, top / 100, top / 10, top].filter((x) => x === 0 || x >= 1))];
}

/** @param line labels of upright rules stand one under the other */
function ruleMarks(
	{ at, along, label, role }: Rule,
	plot: Plot,
	box: Box,
	place: Placing,
	{ lineHeight, characterWidth }: Size,
	line: number,
): Mark[] {
	const [from, to] = along === 'x' ? plot.x : plot.y;
	if (at < from || at > to) return [];
	const upright = along === 'x';
	const here = upright ? place.x(at) : place.y(at);
	const points: [number, number][] = upright
		? [
				[here, box.y],
				[here, box.y + box.height],
			]
		: [
				[box.x, here],
				[box.x + box.width, here],
			];
	const late = upright && here + label.length * characterWidth > box.x + box.width;
	return [
		{ kind: 'line', points, stroke: role, width: 1, dash: [4, 3] },
		{ kind: 'text', size: 'small', fill: role, text: label, x: upright ? here + (late ? -4 : 4) : box.x + box.width, y: upright ? box.y + lineHeight * (0.5 + line) : here - lineHeight * 0.45, align: upright && !late ? 'start' : 'end', maxWidth: box.width }, // prettier-ignore
	];
}

function seriesMarks(series: Series, { y: [low] }: Plot, box: Box, place: Placing): Mark[] {
	const { kind, points, role, dash, errors } = series;
	const placed = points.map(([x, y]) => [place.x(x), place.y(y)] as const);
	if (kind === 'dots') {
		return [{ kind: 'dots', xy: Float32Array.from(placed.flat()), radius: 2.5, fill: role }];
	}
	if (kind === 'bars') {
		const width = Math.max(1, box.width / Math.max(1, points.length) - 1);
		const floor = place.y(low);
		return placed.map(([x, y]): Mark => ({ kind: 'rect', x: x - width / 2, y, width, height: Math.max(0, floor - y), fill: role, opacity: 0.75 })); // prettier-ignore
	}
	const bars = (errors ?? []).flatMap((error, at): Mark[] => {
		const [x, y] = points[at]!;
		if (!Number.isFinite(error) || error <= 0) return [];
		const ends = [place.y(y - error), place.y(y + error)] as const;
		return [{ kind: 'line', points: [[place.x(x), ends[0]], [place.x(x), ends[1]]], stroke: role, width: 1.5, opacity: 0.6 }]; // prettier-ignore
	});
	return [
		{ kind: 'line', points: placed, stroke: role, width: 2, ...(dash ? { dash: [5, 4] } : {}) },
		...bars,
	];
}
