import { describe, expect, it } from 'vitest';
import type { Figure, LineMark, RectMark, Scene, TextMark } from '../view-api/scene.ts';
import { withFigures } from './figure-marks.ts';
import { darkTheme } from './theme.ts';

const line: Figure = {
	id: 'accuracy',
	kind: 'line',
	title: 'Accuracy by pairs',
	xLabel: 'pairs',
	yLabel: 'accuracy (share of 1)',
	series: [
		{ label: 'softmax', role: 'softmax', x: [4, 8, 16, 32], y: [1, 1, 0.98, 0.9] },
		{ label: 'chance', role: 'muted', x: [4, 32], y: [0.25, 0.25], dash: true },
	],
	xScale: 'log',
	yDomain: [0, 1],
};

const bar: Figure = {
	...{ id: 'taken', kind: 'bar', title: 'Taken', xLabel: 'token', yLabel: 'share' },
	series: [{ label: 'taken', role: 'linear', x: [], y: [0.5, -0.25] }],
	categories: ['k1', 'k2'],
};

function drawn(...figures: Figure[]) {
	const scene: Scene = {
		...{ title: '', site: '', description: '', width: 400, height: 100, marks: [], targets: [] },
		...{ figures, readout: '' },
	};
	return withFigures(scene, darkTheme);
}

describe('a figure as marks', () => {
	it('stands below the scene, with its title, both labels and the names of its series', () => {
		const { height, marks, figures } = drawn(line);
		expect(figures).toEqual([]);
		const words = marks.filter((mark): mark is TextMark => mark.kind === 'text');
		const texts = words.map(({ text }) => text);
		for (const text of ['Accuracy by pairs', 'pairs', 'accuracy (share of 1)', 'softmax', 'chance'])
			expect(texts).toContain(text);
		expect(texts).toEqual(expect.arrayContaining(['4', '8', '16', '32', '0', '0.2', '1']));
		expect(words.every(({ y }) => y >= 100 && y <= height)).toBe(true);
	});

	it('puts equal ratios at equal distances on a logarithmic axis', () => {
		const curve = drawn(line).marks.find(
			(mark): mark is LineMark =>
				mark.kind === 'line' && mark.stroke === 'softmax' && mark.points.length === 4,
		)!;
		const gaps = curve.points.slice(1).map(([x], at) => x - curve.points[at]![0]);
		for (const gap of gaps) expect(gap).toBeCloseTo(gaps[0]!, 9);
		expect(curve.points[0]![1]).toBeLessThan(curve.points[3]![1]);
	});

	it('lets bars of either sign grow from zero', () => {
		const [up, down] = drawn(bar).marks.filter((mark): mark is RectMark => mark.kind === 'rect');
		expect(up!.y + up!.height).toBeCloseTo(down!.y, 9);
		expect(up!.height).toBeCloseTo(2 * down!.height, 9);
	});

	it('takes no room where there is nothing to draw', () => {
		expect(drawn({ ...line, series: [] }).height).toBe(100);
	});
});
