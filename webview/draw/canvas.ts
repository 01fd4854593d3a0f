import type {
	DotsMark,
	ImageMark,
	LineMark,
	Mark,
	RectMark,
	Role,
	Scene,
	TextMark,
} from '../view-api/scene.ts';
import { arrowHead } from './arrow.ts';
import { pixels } from './raster.ts';
import { fitted, fontSizePx } from './text.ts';
import type { Theme } from './theme.ts';

export type Canvas2D = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/**
 * Draws a scene in a page's canvas at the screen's resolution; the canvas takes the scene's size.
 * Nothing but the marks is read: targets and figures are the caller's business.
 */
export function drawScene(canvas: HTMLCanvasElement, scene: Scene, theme: Theme): void {
	const ratio = globalThis.devicePixelRatio || 1;
	const width = Math.round(scene.width * ratio);
	const height = Math.round(scene.height * ratio);
	// setting a size empties the canvas, even to the same one
	if (canvas.width !== width) canvas.width = width;
	if (canvas.height !== height) canvas.height = height;
	canvas.style.width = `${scene.width}px`;
	canvas.style.height = `${scene.height}px`;
	const context = canvas.getContext('2d');
	if (context) paintScene(context, scene, theme, ratio);
}

/** As `drawScene`, on any 2D context whose canvas is `pixelRatio` times as large as the scene. */
export function paintScene(
	context: Canvas2D,
	scene: Pick<Scene, 'marks'>,
	theme: Theme,
	pixelRatio: number,
): void {
	context.setTransform(1, 0, 0, 1, 0, 0);
	context.clearRect(0, 0, context.canvas.width, context.canvas.height);
	context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
	for (const mark of scene.marks) paintMark(context, mark, theme);
}

/** Width of one character and height of a line of the small text, for a view's layout. */
export function measureText(
	context: Canvas2D,
	theme: Theme,
): { readonly characterWidth: number; readonly lineHeight: number } {
	const size = fontSizePx({ size: 'small' }, theme);
	// bold may come of another family, where the first has none
	const widths = ['', '600 '].map((weight) => {
		context.font = `${weight}${size}px ${theme.codeFamily}`;
		return context.measureText('0').width;
	});
	return { characterWidth: Math.max(...widths), lineHeight: Math.ceil(size * 1.45) };
}

function paintMark(context: Canvas2D, mark: Mark, theme: Theme): void {
	context.globalAlpha = mark.kind === 'text' || mark.kind === 'image' ? 1 : (mark.opacity ?? 1);
	switch (mark.kind) {
		case 'rect':
			drawRect(context, mark, theme);
			break;
		case 'line':
			drawLine(context, mark, theme);
			break;
		case 'dots':
			drawDots(context, mark, theme);
			break;
		case 'text':
			drawText(context, mark, theme);
			break;
		case 'image':
			drawImage(context, mark, theme);
			break;
	}
}

function drawRect(context: Canvas2D, mark: RectMark, theme: Theme): void {
	const { x, y, width, height, fill, stroke, strokeWidth = 1, radius = 0, hatch } = mark;
	context.beginPath();
	context.roundRect(x, y, Math.max(0, width), Math.max(0, height), radius);
	if (hatch) {
		context.save();
		context.clip();
		drawHatch(context, mark, theme);
		context.restore();
	} else if (fill !== undefined) {
		context.fillStyle = theme.color(fill);
		context.fill();
	}
	if (stroke !== undefined) {
		context.strokeStyle = theme.color(stroke);
		context.lineWidth = strokeWidth;
		context.setLineDash([]);
		context.stroke();
	}
}

const HATCH_STEP = 5;

function drawHatch(
	context: Canvas2D,
	{ x, y, width, height, fill = 'muted' }: RectMark,
	theme: Theme,
) {
	context.strokeStyle = theme.color(fill);
	context.lineWidth = HATCH_STEP / 2;
	context.setLineDash([]);
	context.beginPath();
	for (let at = -height; at < width; at += HATCH_STEP * Math.SQRT2) {
		context.moveTo(x + at, y + height);
		context.lineTo(x + at + height, y);
	}
	context.stroke();
}

function drawLine(context: Canvas2D, mark: LineMark, theme: Theme): void {
	context.strokeStyle = theme.color(mark.stroke);
	context.lineWidth = mark.width;
	context.lineJoin = 'round';
	context.setLineDash([...(mark.dash ?? [])]);
	context.beginPath();
	for (const [x, y] of mark.points) context.lineTo(x, y);
	context.stroke();
	if (!mark.arrow) return;
	context.fillStyle = context.strokeStyle;
	context.beginPath();
	for (const [x, y] of arrowHead(mark)) context.lineTo(x, y);
	context.fill();
}

function drawDots(context: Canvas2D, { xy, radius, fill }: DotsMark, theme: Theme): void {
	const roles: readonly Role[] | undefined = Array.isArray(fill) ? fill : undefined;
	if (!roles) context.fillStyle = theme.color(fill as Role);
	for (let at = 0; at < xy.length / 2; at++) {
		if (roles) context.fillStyle = theme.color(roles[at]!);
		context.beginPath();
		context.arc(xy[at * 2]!, xy[at * 2 + 1]!, radius, 0, 2 * Math.PI);
		context.fill();
	}
}

function drawText(context: Canvas2D, mark: TextMark, theme: Theme): void {
	const { x, y, fill, align = 'start', baseline = 'middle', bold, code, rotate = 0 } = mark;
	context.font = `${bold ? '600 ' : ''}${fontSizePx(mark, theme)}px ${code ? theme.codeFamily : theme.fontFamily}`;
	context.textAlign = align === 'middle' ? 'center' : align;
	context.textBaseline = baseline;
	context.fillStyle = theme.color(fill);
	const text = fitted(mark, (part) => context.measureText(part).width);
	if (rotate === 0) {
		context.fillText(text, x, y);
		return;
	}
	context.save();
	context.translate(x, y);
	context.rotate((rotate * Math.PI) / 180);
	context.fillText(text, 0, 0);
	context.restore();
}

interface Painted {
	readonly mark: ImageMark;
	readonly theme: Theme;
	readonly canvas: OffscreenCanvas;
}

/** By the values' identity: moving a cursor over a large picture must not paint it anew. */
const painted = new WeakMap<Float32Array, Painted>();

function drawImage(context: Canvas2D, mark: ImageMark, theme: Theme): void {
	if (mark.rows === 0 || mark.columns === 0) return;
	const { canvas } = paintedImage(mark, theme);
	const { a: across } = context.getTransform();
	const enlarged = mark.width * across >= mark.columns && mark.height * across >= mark.rows;
	context.imageSmoothingEnabled = !enlarged;
	context.imageSmoothingQuality = 'high';
	context.drawImage(canvas, mark.x, mark.y, mark.width, mark.height);
}

function paintedImage(mark: ImageMark, theme: Theme): Painted {
	const known = painted.get(mark.values);
	if (known && known.theme === theme && sameColors(known.mark, mark)) return known;
	const canvas = new OffscreenCanvas(mark.columns, mark.rows);
	const image = new ImageData(pixels(mark, theme), mark.columns, mark.rows);
	canvas.getContext('2d')!.putImageData(image, 0, 0);
	const made = { mark, theme, canvas };
	painted.set(mark.values, made);
	return made;
}

function sameColors(one: ImageMark, other: ImageMark): boolean {
	return (
		one.ramp === other.ramp &&
		one.columns === other.columns &&
		one.rows === other.rows &&
		one.domain[0] === other.domain[0] &&
		one.domain[1] === other.domain[1]
	);
}
