import type { Mark, Size } from '../../view-api/scene.ts';
import { percent } from '../../view-api/format.ts';
import type { MomentumData } from './compute.ts';
import type { Depth, Stage } from './depth.ts';

export interface Box {
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
}

/** Where places of all pictures of one model lie on the screen. */
export interface Extent {
	readonly low: readonly [number, number];
	readonly high: readonly [number, number];
	/** Arrows are drawn this many times as long as the velocity, on the scale of the places. */
	readonly arrows: number;
}

/** More arrows than this are a thicket. */
const MOST_ARROWS = 160;
/** The longest arrow, over the side of the picture. */
const LONGEST = 0.16;

export function extentOf(depths: readonly Depth[]): Extent {
	const low: [number, number] = [Infinity, Infinity];
	const high: [number, number] = [-Infinity, -Infinity];
	let longest = 0;
	for (const { xy, arrows } of depths.flatMap(({ stages }) => stages)) {
		xy.forEach((value, at) => {
			low[at % 2] = Math.min(low[at % 2]!, value);
			high[at % 2] = Math.max(high[at % 2]!, value);
		});
		arrows?.forEach((value, at) => {
			if (at % 2 === 0) longest = Math.max(longest, Math.hypot(value, arrows[at + 1]!));
		});
	}
	const side = Math.max(high[0] - low[0], high[1] - low[1], 1e-9);
	const middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2] as const;
	const half = side * 0.56;
	return {
		low: [middle[0] - half, middle[1] - half],
		high: [middle[0] + half, middle[1] + half],
		arrows: longest === 0 ? 1 : Math.min(1, (LONGEST * side) / longest),
	};
}

/** A pair of coordinates on the screen, upward as usual. */
export function placed({ low, high }: Extent, { x, y, width, height }: Box) {
	const scale = Math.min(width / (high[0] - low[0]), height / (high[1] - low[1]));
	const [cx, cy] = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
	return {
		scale,
		at: (a: number, b: number): [number, number] => [
			x + width / 2 + (a - cx) * scale,
			y + height / 2 - (b - cy) * scale,
		],
	};
}

/** Between two stages of a playing picture. */
function between(
	stages: readonly Stage[],
	stage: number,
): { xy: Float32Array; arrows: Float32Array | null } {
	// prettier-ignore
	const from = stages[Math.floor(stage)]!;
	const to = stages[Math.min(stages.length - 1, Math.floor(stage) + 1)]!;
	const part = stage - Math.floor(stage);
	if (part === 0) return from;
	const mixed = (a: Float32Array, b: Float32Array) => a.map((v, at) => v + (b[at]! - v) * part);
	return {
		xy: mixed(from.xy, to.xy),
		arrows: from.arrows && to.arrows ? mixed(from.arrows, to.arrows) : from.arrows,
	};
}

/** Tokens as points with their velocities, at one depth. */
export function depthPicture(
	{ stages }: Depth,
	stage: number,
	token: number,
	label: string,
	extent: Extent,
	box: Box,
	size: Size,
): Mark[] {
	const { at, scale } = placed(extent, box);
	const { xy, arrows } = between(stages, stage);
	const count = xy.length / 2;
	const dots = new Float32Array(xy.length);
	for (let t = 0; t < count; t++) dots.set(at(xy[t * 2]!, xy[t * 2 + 1]!), t * 2);
	const marks: Mark[] = [{ kind: 'rect', ...box, stroke: 'faint', strokeWidth: 1 }];
	if (arrows) {
		const every = Math.ceil(count / MOST_ARROWS);
		for (let t = 0; t < count; t += every) {
			const [x, y] = [dots[t * 2]!, dots[t * 2 + 1]!];
			const reach = scale * extent.arrows;
			const to: [number, number] = [x + arrows[t * 2]! * reach, y - arrows[t * 2 + 1]! * reach];
			if (Math.hypot(to[0] - x, to[1] - y) < 1.5) continue;
			marks.push({ kind: 'line', points: [[x, y], to], stroke: t === token ? 'focus' : 'accent', width: t === token ? 2 : 1, opacity: t === token ? 1 : 0.7, arrow: true }); // prettier-ignore
		}
	}
	marks.push({ kind: 'dots', xy: dots, radius: count > 200 ? 2 : 3, fill: 'text', opacity: 0.85 });
	if (token < 0 || token >= count) return marks;
	const path = stages
		.slice(0, Math.floor(stage) + 1)
		.map((each) => at(each.xy[token * 2]!, each.xy[token * 2 + 1]!));
	const here: [number, number] = [dots[token * 2]!, dots[token * 2 + 1]!];
	const right = here[0] > box.x + box.width * 0.6;
	marks.push(
		{ kind: 'line', points: [...path, here], stroke: 'focus', width: 1.5, dash: [3, 3] },
		{ kind: 'dots', xy: Float32Array.from(here), radius: 5, fill: 'focus' },
		{ kind: 'text', x: here[0] + (right ? -9 : 9), y: Math.max(box.y + size.lineHeight, here[1] - 9), text: label, fill: 'text', size: 'small', bold: true, code: true, align: right ? 'end' : 'start', maxWidth: box.width * 0.4 }, // prettier-ignore
	);
	return marks;
}

/** What the axes of the picture are, and how much of the spread they hold. */
export function axesText({ axes, hasVelocity }: MomentumData, { arrows }: Extent): string {
	if (!axes) return '';
	const [first, second] = axes.held;
	const length = arrows === 1 ? 'on the same scale' : `at ${arrows.toPrecision(2)} of their length`;
	return (
		`Principal components 1 (across, ${percent(first)} of the variance) and 2 (up, ${percent(second)}) of the positions of all depths` +
		(hasVelocity ? `; arrows: velocities, ${length}.` : '.')
	);
}

/** Token boxes: right or wrong predictions, and those that scaling changed. */
export function tokenStrip(
	count: number,
	fill: (token: number) => 'good' | 'faint' | 'warning',
	token: number,
	box: Box,
): Mark[] {
	const width = box.width / count;
	const gap = width > 4 ? 1 : 0;
	const cells = Array.from({ length: count }, (_, t): Mark => ({ kind: 'rect', x: box.x + t * width, y: box.y, width: width - gap, height: box.height, fill: fill(t), opacity: fill(t) === 'faint' ? 0.6 : 1, ...(fill(t) === 'warning' ? { hatch: true } : {}) })); // prettier-ignore
	if (token < 0) return cells;
	return [...cells, { kind: 'rect', x: box.x + token * width - 1, y: box.y - 2, width: width + 1, height: box.height + 4, stroke: 'focus', strokeWidth: 2 }]; // prettier-ignore
}
