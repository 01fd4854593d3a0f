import type { Mark, Scene, TextMark } from '../view-api/scene.ts';
import { withFigures } from './figure-marks.ts';
import { estimatedWidth, wrapped } from './text.ts';
import type { Theme } from './theme.ts';

const MARGIN = 12;
const LINE = 1.4;

/**
 * The scene with its title and description written above it, its figures below and a margin around: what leaves the
 * editor as a file.
 */
export function captioned(picture: Scene, theme: Theme): Scene {
	const scene = withFigures(picture, theme);
	const title: TextMark = {
		kind: 'text',
		x: MARGIN,
		y: MARGIN,
		text: scene.title,
		fill: 'text',
		size: 'title',
		bold: true,
		baseline: 'top',
		maxWidth: scene.width,
	};
	const sentence: TextMark = { ...title, size: 'body', bold: false, fill: 'muted' };
	const lines = wrapped(scene.description, scene.width, (text) =>
		estimatedWidth({ ...sentence, text }, theme),
	);
	const step = theme.fontSizePx * LINE;
	const first = MARGIN + step * 1.25;
	const caption = lines.map((text, at) => ({ ...sentence, text, y: first + at * step }));
	const top = first + lines.length * step + MARGIN;
	return {
		...scene,
		width: scene.width + 2 * MARGIN,
		height: scene.height + top + MARGIN,
		marks: [title, ...caption, ...scene.marks.map((mark) => moved(mark, MARGIN, top))],
		targets: [],
	};
}

function moved(mark: Mark, dx: number, dy: number): Mark {
	switch (mark.kind) {
		case 'line':
			return { ...mark, points: mark.points.map(([x, y]) => [x + dx, y + dy] as const) };
		case 'dots':
			return { ...mark, xy: mark.xy.map((place, at) => place + (at % 2 === 0 ? dx : dy)) };
		case 'rect':
		case 'text':
		case 'image':
			return { ...mark, x: mark.x + dx, y: mark.y + dy };
	}
}
