import {
	BarController,
	BarElement,
	CategoryScale,
	Chart,
	Legend,
	LinearScale,
	LineController,
	LineElement,
	LogarithmicScale,
	PointElement,
	ScatterController,
	Ticks,
	Title,
	Tooltip,
	type ChartConfiguration,
	type Scale,
	type Tick,
} from 'chart.js';
import type { Figure } from '../view-api/scene.ts';
import { over } from './colors.ts';
import type { Theme } from './theme.ts';

type FigureConfiguration = ChartConfiguration<
	Figure['kind'],
	{ x: number; y: number }[] | number[]
>;

let registered = false;

function register(): void {
	if (registered) return;
	registered = true;
	Chart.register(
		...[BarController, LineController, ScatterController],
		...[BarElement, LineElement, PointElement],
		...[CategoryScale, LinearScale, LogarithmicScale],
		...[Legend, Title, Tooltip],
	);
}

/** Draws a figure into a canvas whose parent gives the size; the caller destroys the chart when the figure goes. */
export function drawFigure(canvas: HTMLCanvasElement, figure: Figure, theme: Theme): Chart {
	register();
	canvas.setAttribute('role', 'img');
	canvas.setAttribute('aria-label', `${figure.title}. ${figure.xLabel}; ${figure.yLabel}.`);
	return new Chart(canvas, figureConfiguration(figure, theme));
}

/** What chart.js is told of a figure. Nothing moves by itself, so reduced motion needs no case of its own. */
export function figureConfiguration(figure: Figure, theme: Theme): FigureConfiguration {
	const { kind, categories, series } = figure;
	const text = theme.color('muted');
	const font = { family: theme.fontFamily, size: theme.fontSizePx * 0.85 };
	return {
		type: kind,
		data: {
			...(categories ? { labels: [...categories] } : {}),
			datasets: series.map(({ label, role, x, y, dash }) => ({
				// the legend's strokes are solid whatever the line's are
				label: dash === true ? `${label} (dashed)` : label,
				data: categories ? [...y] : y.map((value, at) => ({ x: x[at]!, y: value })),
				borderColor: theme.color(role),
				backgroundColor:
					kind === 'bar'
						? theme.color(role)
						: over(theme.color(role), theme.color('background'), 0.6),
				borderWidth: kind === 'bar' ? 0 : role === 'faint' ? 1 : 1.75,
				borderDash: dash ? [5, 4] : [],
				pointRadius: kind === 'scatter' ? 2.5 : 0,
				pointHitRadius: 6,
				tension: 0,
			})),
		},
		options: {
			animation: false,
			responsive: true,
			maintainAspectRatio: false,
			normalized: true,
			interaction: { mode: 'nearest', axis: 'x', intersect: false },
			plugins: {
				title: {
					display: true,
					text: figure.title,
					align: 'start',
					color: theme.color('text'),
					font: { ...font, size: theme.fontSizePx, weight: 'bold' },
				},
				legend: {
					display: series.length > 1,
					position: 'bottom',
					labels: {
						color: text,
						font,
						usePointStyle: true,
						pointStyle: 'line',
						pointStyleWidth: 22,
						// what is drawn for comparison may be many lines of one name
						filter: ({ text: label, datasetIndex }, { datasets }) =>
							datasets.findIndex((dataset) => dataset.label === label) === datasetIndex,
					},
				},
				tooltip: { bodyFont: font, titleFont: font },
			},
			scales: {
				x: {
					type: categories ? 'category' : figure.xScale === 'log' ? 'logarithmic' : 'linear',
					bounds: 'data',
					title: { display: true, text: figure.xLabel, color: text, font },
					ticks: {
						...{ color: text, font, maxRotation: 0, autoSkip: true, includeBounds: false },
						...(categories || figure.xScale === 'log' ? {} : { callback: evenTick }),
					},
					grid: { display: false },
					border: { color: theme.color('faint') },
				},
				y: {
					type: 'linear',
					...(figure.yDomain ? { min: figure.yDomain[0], max: figure.yDomain[1] } : {}),
					title: { display: true, text: axisLines(figure.yLabel), color: text, font },
					ticks: { color: text, font, maxTicksLimit: 6 },
					grid: { color: theme.color('faint'), lineWidth: 0.5 },
					border: { display: false },
				},
			},
		},
	};
}

/** chart.js adds the last value of the data to its even ticks, and writes the two over each other. */
function evenTick(
	this: Scale,
	value: number | string,
	at: number,
	ticks: Tick[],
): string | number | string[] | undefined {
	const [first, second, before] = [ticks[0], ticks[1], ticks[at - 1]];
	const step = second && first ? second.value - first.value : 0;
	const isOdd = before !== undefined && Number(value) - before.value < step * 0.99;
	if (at === ticks.length - 1 && at > 1 && isOdd) return undefined;
	return Ticks.formatters.numeric.call(this, Number(value), at, ticks);
}

/** Two quantities on one axis stand in two lines: chart.js would run a long one over the title. */
function axisLines(label: string): string | string[] {
	return label.length > 24 && label.includes('; ') ? label.split('; ') : label;
}
