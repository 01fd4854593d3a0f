import type { Figure, Mark, Role, Scene } from '../view-api/scene.ts';
import type { Theme } from './theme.ts';
import { estimatedWidth } from './text.ts';

/** Height of one figure, and of the space around its plot, CSS pixels. */
const HEIGHT = 220;
const TOP = 30;
const BOTTOM = 62;
const LEFT = 58;
const RIGHT = 12;
const GAP = 16;
const TICKS = 5;

type Series = Figure['series'][number];

interface Plot {
	readonly x: (value: number) => number;
	readonly y: (value: number) => number;
	readonly left: number;
	readonly right: number;
	readonly top: number;
	readonly bottom: number;
}

/**
 * The scene with its figures below its marks. On a page chart.js draws them, where a pointer can ask them; a file that
 * leaves the editor has the same figures as marks.
 */
export function withFigures(scene: Scene, theme: Theme): Scene {
	const figures = scene.figures.filter(({ series }) => series.some(({ y }) => y.length > 0));
	const marks = figures.flatMap((figure, at) =>
		figureMarks(figure, scene.height + GAP + at * (HEIGHT + GAP), scene.width, theme),
	);
	return {
		...scene,
		height: scene.height + figures.length * (HEIGHT + GAP),
		marks: [...scene.marks, ...marks],
		figures: [],
	};
}

function figureMarks(figure: Figure, top: number, width: number, theme: Theme): Mark[] {
	const plot = plotOf(figure, top, width);
	return [
		{
			...{ kind: 'text', x: 0, y: top, text: figure.title, fill: 'text', bold: true },
			...{ baseline: 'top', maxWidth: width },
		},
		...yAxis(figure, plot),
		...xAxis(figure, plot),
		...figure.series.flatMap((series, at) => seriesMarks(figure, series, at, plot)),
		...legend(figure, plot, top + HEIGHT - 8, theme),
	];
}

function plotOf(figure: Figure, top: number, width: number): Plot {
	const { left, right, bottom } = {
		left: LEFT,
		right: width - RIGHT,
		bottom: top + HEIGHT - BOTTOM,
	};
	const xs = figure.series.flatMap(({ x }) => x).filter(Number.isFinite);
	const [low, high] = yDomain(figure);
	const log = figure.xScale === 'log' && !figure.categories;
	const along = log ? Math.log10 : (value: number) => value;
	// bars and named places stand in the middle of a slot of their own
	const [first, last] = figure.categories
		? [-0.5, figure.categories.length - 0.5]
		: [along(Math.min(...xs)), along(Math.max(...xs))];
	const reach = last - first || 1;
	return {
		x: (value) => left + ((along(value) - first) / reach) * (right - left),
		y: (value) => bottom - ((value - low) / (high - low || 1)) * (bottom - top - TOP),
		...{ left, right, top: top + TOP, bottom },
	};
}

function yDomain({ kind, series, yDomain }: Figure): readonly [number, number] {
	if (yDomain) return yDomain;
	const ys = series.flatMap(({ y }) => y).filter(Number.isFinite);
	const low = Math.min(...ys, ...(kind === 'bar' ? [0] : []));
	const high = Math.max(...ys, ...(kind === 'bar' ? [0] : []));
	const step = tickStep(low, high);
	return [Math.floor(low / step) * step, Math.ceil(high / step) * step];
}

/** 1, 2 or 5 times a power of ten, so that about `TICKS` of them fill the reach. */
function tickStep(low: number, high: number): number {
	const rough = (high - low || 1) / TICKS;
	const power = 10 ** Math.floor(Math.log10(rough));
	return power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
}

function ticksOf(low: number, high: number): number[] {
	const step = tickStep(low, high);
	const first = Math.ceil(low / step - 1e-9);
	const count = Math.floor(high / step + 1e-9) - first + 1;
	return Array.from({ length: count }, (_, at) => (first + at) * step);
}

const label = (value: number) =>
	Math.abs(value) >= 1000 ? value.toLocaleString('en-US') : String(Number(value.toPrecision(3)));

function yAxis(figure: Figure, plot: Plot): Mark[] {
	const [low, high] = yDomain(figure);
	const ticks = ticksOf(low, high).flatMap((value): Mark[] => [
		{
			...{ kind: 'line', stroke: 'faint', width: 0.5 },
			points: [
				[plot.left, plot.y(value)],
				[plot.right, plot.y(value)],
			],
		},
		{
			...{ kind: 'text', x: plot.left - 6, y: plot.y(value), text: label(value) },
			...{ fill: 'muted', size: 'small', align: 'end' },
		},
	]);
	const middle = (plot.top + plot.bottom) / 2;
	return [
		...ticks,
		{
			...{ kind: 'text', x: 10, y: middle, text: figure.yLabel, fill: 'muted', size: 'small' },
			...{ align: 'middle', rotate: -90, maxWidth: HEIGHT },
		},
	];
}

function xAxis(figure: Figure, plot: Plot): Mark[] {
	const xs = figure.series.flatMap(({ x }) => x).filter(Number.isFinite);
	const places = figure.categories
		? thinned(figure.categories.map((name, at) => [at, name] as const))
		: figure.xScale === 'log'
			? thinned(
					[...new Set(xs)].sort((a, b) => a - b).map((value) => [value, label(value)] as const),
				)
			: ticksOf(Math.min(...xs), Math.max(...xs)).map((value) => [value, label(value)] as const);
	return [
		{
			...{ kind: 'line', stroke: 'faint', width: 1 },
			points: [
				[plot.left, plot.bottom],
				[plot.right, plot.bottom],
			],
		},
		...places.map(([value, text]): Mark => ({
			...{ kind: 'text', x: plot.x(value), y: plot.bottom + 4, text, fill: 'muted', size: 'small' },
			...{ align: 'middle', baseline: 'top' },
		})),
		{
			...{ kind: 'text', x: (plot.left + plot.right) / 2, y: plot.bottom + 20 },
			...{ text: figure.xLabel, fill: 'muted', size: 'small', align: 'middle', baseline: 'top' },
			maxWidth: plot.right - plot.left,
		},
	];
}

/** At most eight of them: names and powers have no round values to choose by. */
function thinned<T>(places: readonly T[]): T[] {
	const every = Math.ceil(places.length / 8);
	return places.filter((_, at) => at % every === 0);
}

function seriesMarks(
	{ kind, series: all, categories }: Figure,
	series: Series,
	at: number,
	plot: Plot,
): Mark[] {
	const points = series.y.flatMap((y, place): (readonly [number, number])[] => {
		const x = categories ? place : series.x[place]!;
		return Number.isFinite(y) ? [[plot.x(x), plot.y(y)]] : [];
	});
	if (kind === 'scatter') {
		return [{ kind: 'dots', xy: new Float32Array(points.flat()), radius: 2.5, fill: series.role }];
	}
	if (kind === 'bar') {
		const slots = categories?.length ?? points.length;
		const width = ((plot.right - plot.left) / Math.max(slots, 1) / all.length) * 0.8;
		const floor = Math.min(plot.y(0), plot.bottom);
		return points.map(([x, y]): Mark => ({
			...{ kind: 'rect', x: x + (at - all.length / 2) * width, y: Math.min(y, floor), width },
			...{ height: Math.abs(floor - y), fill: series.role },
		}));
	}
	const width = series.role === 'faint' ? 1 : 1.75;
	const dash = series.dash === true ? { dash: [5, 4] } : {};
	return [{ kind: 'line', points, stroke: series.role, width, ...dash }];
}

/** One line of names, each with a stroke of its colour; what is drawn for comparison may be many lines of one name. */
function legend({ series }: Figure, plot: Plot, y: number, theme: Theme): Mark[] {
	if (series.length < 2) return [];
	const named = new Map<string, { role: Role; dash: boolean }>();
	for (const { label: name, role, dash } of series)
		if (!named.has(name)) named.set(name, { role, dash: dash === true });
	let x = plot.left;
	return [...named].flatMap(([name, { role, dash }]): Mark[] => {
		const text = { kind: 'text', x: x + 24, y, text: name, fill: 'muted', size: 'small' } as const;
		const from = x;
		x += 24 + estimatedWidth(text, theme) + 16;
		return [
			{
				...{ kind: 'line', stroke: role, width: 2, ...(dash ? { dash: [5, 4] } : {}) },
				points: [
					[from, y],
					[from + 18, y],
				],
			},
			text,
		];
	});
}
