import { expect, it } from 'vitest';
import type { Figure } from '../view-api/scene.ts';
import { figureConfiguration } from './chart.ts';
import { darkTheme, lightTheme } from './theme.ts';

const figure: Figure = {
	id: 'entropy',
	kind: 'line',
	title: 'Entropy by query',
	xLabel: 'query position (tokens)',
	yLabel: 'entropy (nats)',
	series: [
		{ label: 'head 0', role: 'softmax', x: [0, 1], y: [0.5, 0.25] },
		{ label: 'largest possible', role: 'muted', x: [0, 1], y: [0, 0.7], dash: true },
	],
	yDomain: [0, 1],
};

it('draws the numbers, with units, in the theme’s colours', () => {
	const { data, options } = figureConfiguration(figure, darkTheme);
	expect(data.datasets[0]).toMatchObject({
		label: 'head 0',
		data: [
			{ x: 0, y: 0.5 },
			{ x: 1, y: 0.25 },
		],
		borderColor: darkTheme.color('softmax'),
		borderDash: [],
	});
	expect(data.datasets[1]).toMatchObject({ borderDash: [5, 4] });
	expect(options?.scales?.['x']).toMatchObject({
		type: 'linear',
		title: { text: 'query position (tokens)', color: darkTheme.color('muted') },
	});
	expect(options?.scales?.['y']).toMatchObject({
		min: 0,
		max: 1,
		title: { text: 'entropy (nats)' },
	});
	expect(options?.animation).toBe(false);
});

it('names the positions where the figure does', () => {
	const named: Figure = { ...figure, kind: 'bar', categories: ['1', '2–3'], xScale: 'log' };
	const { type, data, options } = figureConfiguration(named, lightTheme);
	expect(type).toBe('bar');
	expect(data.labels).toEqual(['1', '2–3']);
	expect(data.datasets[0]?.data).toEqual([0.5, 0.25]);
	expect(options?.scales?.['x']).toMatchObject({ type: 'category' });
});

it('names lines of one name once', () => {
	const other = { role: 'faint', x: [0], y: [1], label: 'other heads' } as const;
	const { options, data } = figureConfiguration(
		{ ...figure, series: [...figure.series, other, other] },
		darkTheme,
	);
	const filter = options?.plugins?.legend?.labels?.filter;
	const kept = data.datasets.map(({ label }, datasetIndex) =>
		filter?.({ text: label ?? '', datasetIndex }, data),
	);
	expect(kept).toEqual([true, true, true, false]);
});
