import { strToU8 } from 'fflate';
import type {
	DotsMark,
	ImageMark,
	LineMark,
	Mark,
	RectMark,
	Scene,
	TextMark,
} from '../view-api/scene.ts';
import { arrowHead } from './arrow.ts';
import { captioned } from './caption.ts';
import { indexedPng } from './png-bytes.ts';
import { palette, rasterize } from './raster.ts';
import { estimatedWidth, fitted, fontSizePx } from './text.ts';
import type { Theme } from './theme.ts';

export interface SvgOptions {
	/** Title and description above the marks, and the theme's background behind: a file that stands alone. */
	readonly alone?: boolean;
	/** Kept as JSON in the file's `<metadata>`: the run's manifest. */
	readonly metadata?: unknown;
}

/**
 * A scene as SVG text. Needs no page: runs in a worker and in Node. Images are embedded as PNG, fonts are generic names,
 * and the description is the picture's accessible text.
 */
export function sceneToSvg(scene: Scene, theme: Theme, options: SvgOptions = {}): string {
	const { width, height, title, description, marks } = options.alone
		? captioned(scene, theme)
		: scene;
	const parts = [
		`<svg xmlns="http://www.w3.org/2000/svg" width="${number(width)}" height="${number(height)}"` +
			` viewBox="0 0 ${number(width)} ${number(height)}" role="img">`,
		`<title>${escaped(title)}</title>`,
		`<desc>${escaped(description)}</desc>`,
	];
	if (options.metadata !== undefined) {
		parts.push(`<metadata>${escaped(JSON.stringify(options.metadata))}</metadata>`);
	}
	if (marks.some((mark) => mark.kind === 'rect' && mark.hatch)) parts.push(HATCH_MASK);
	if (options.alone) {
		parts.push(`<rect width="100%" height="100%" fill="${theme.color('background')}"/>`);
	}
	parts.push(...marks.map((mark) => markSvg(mark, theme)), '</svg>');
	return parts.join('\n');
}

/** A scene as a `data:` URI, as hovers show it. */
export function svgDataUri(svg: string): string {
	return `data:image/svg+xml;base64,${base64(strToU8(svg))}`;
}

const HATCH_MASK =
	'<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">' +
	'<rect width="2.5" height="5" fill="#fff"/></pattern>' +
	'<mask id="hatched" maskContentUnits="objectBoundingBox"><rect width="1" height="1" fill="url(#hatch)"/></mask></defs>';

function markSvg(mark: Mark, theme: Theme): string {
	switch (mark.kind) {
		case 'rect':
			return rectSvg(mark, theme);
		case 'line':
			return lineSvg(mark, theme);
		case 'dots':
			return dotsSvg(mark, theme);
		case 'text':
			return textSvg(mark, theme);
		case 'image':
			return imageSvg(mark, theme);
	}
}

function rectSvg(mark: RectMark, theme: Theme): string {
	return tag('rect', {
		...box(mark),
		rx: mark.radius,
		fill: mark.fill === undefined ? 'none' : theme.color(mark.fill),
		stroke: mark.stroke && theme.color(mark.stroke),
		'stroke-width': mark.stroke && (mark.strokeWidth ?? 1),
		opacity: mark.opacity,
		mask: mark.hatch ? 'url(#hatched)' : undefined,
	});
}

function lineSvg(mark: LineMark, theme: Theme): string {
	const stroke = theme.color(mark.stroke);
	const line = tag('polyline', {
		points: pointList(mark.points),
		fill: 'none',
		stroke,
		'stroke-width': mark.width,
		'stroke-dasharray': mark.dash?.join(' '),
		'stroke-linejoin': 'round',
		opacity: mark.opacity,
	});
	const head = mark.arrow ? arrowHead(mark) : [];
	if (head.length === 0) return line;
	return line + tag('polygon', { points: pointList(head), fill: stroke, opacity: mark.opacity });
}

function dotsSvg({ xy, radius, fill, opacity }: DotsMark, theme: Theme): string {
	const one = Array.isArray(fill)
		? undefined
		: theme.color(fill as Exclude<typeof fill, readonly unknown[]>);
	const dots: string[] = [];
	for (let at = 0; at < xy.length / 2; at++) {
		const own = Array.isArray(fill) ? theme.color(fill[at] as TextMark['fill']) : undefined;
		dots.push(tag('circle', { cx: xy[at * 2]!, cy: xy[at * 2 + 1]!, r: radius, fill: own }));
	}
	return `${tag('g', { fill: one, opacity }).replace(/\/>$/, '>')}${dots.join('')}</g>`;
}

const BASELINES = { top: 'text-before-edge', middle: 'central', bottom: 'text-after-edge' };

function textSvg(mark: TextMark, theme: Theme): string {
	const { x, y, fill, align = 'start', baseline = 'middle', bold, code, rotate } = mark;
	const text = fitted(mark, (part) => estimatedWidth({ ...mark, text: part }, theme));
	const opening = tag('text', {
		x,
		y,
		fill: theme.color(fill),
		'font-size': fontSizePx(mark, theme),
		'font-family': code ? 'monospace' : 'system-ui, sans-serif',
		'font-weight': bold ? 600 : undefined,
		'text-anchor': align === 'start' ? undefined : align,
		'dominant-baseline': BASELINES[baseline],
		transform: rotate ? `rotate(${number(rotate)} ${number(x)} ${number(y)})` : undefined,
	}).replace(/\/>$/, ' style="font-variant-numeric:tabular-nums;white-space:pre">');
	return `${opening}${escaped(text)}</text>`;
}

function imageSvg(mark: ImageMark, theme: Theme): string {
	const png = indexedPng(mark.columns, mark.rows, rasterize(mark), palette(theme, mark.ramp));
	return tag('image', {
		...box(mark),
		preserveAspectRatio: 'none',
		// the property for browsers, the attribute for readers that know only SVG 1.1
		'image-rendering': 'optimizeSpeed',
		style: 'image-rendering:pixelated',
		href: `data:image/png;base64,${base64(png)}`,
	});
}

function tag(name: string, attributes: Record<string, string | number | undefined>): string {
	const written = Object.entries(attributes)
		.filter(([, value]) => value !== undefined)
		.map(([key, value]) => ` ${key}="${typeof value === 'number' ? number(value) : value!}"`);
	return `<${name}${written.join('')}/>`;
}

function box({ x, y, width, height }: RectMark | ImageMark) {
	return { x, y, width: Math.max(0, width), height: Math.max(0, height) };
}

function pointList(points: readonly (readonly [number, number])[]): string {
	return points.map(([x, y]) => `${number(x)},${number(y)}`).join(' ');
}

/** Hundredths of a pixel are enough. */
function number(value: number): string {
	return String(Math.round(value * 100) / 100);
}

function escaped(text: string): string {
	return (
		text
			.replaceAll('&', '&amp;')
			.replaceAll('<', '&lt;')
			.replaceAll('>', '&gt;')
			.replaceAll('"', '&quot;')
			// XML 1.0 forbids control characters even when escaped, and tokens may hold them
			.replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
	);
}

/** `btoa` takes characters, not bytes, and a call takes only so many arguments. */
function base64(bytes: Uint8Array): string {
	let text = '';
	for (let at = 0; at < bytes.length; at += 0x8000) {
		text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
	}
	return btoa(text);
}
