import { significant } from './format.ts';
import type { ImageMark, Mark, Size } from './scene.ts';

const STEPS = 128;
const BAR_HEIGHT = 8;

export interface ColorLegend {
	readonly x: number;
	readonly y: number;
	readonly width: number;
	/** What the colours mean, with the unit. */
	readonly label: string;
	readonly domain: readonly [number, number];
	readonly ramp: ImageMark['ramp'];
}

/** Height of a colour legend. */
export function legendHeight({ lineHeight }: Size): number {
	return 2 * lineHeight + BAR_HEIGHT + 4;
}

/** A bar of the ramp with its label above and its numbers under it. */
export function colorLegend({ x, y, width, label, domain, ramp }: ColorLegend, size: Size): Mark[] {
	const reach = Math.max(Math.abs(domain[0]), Math.abs(domain[1]));
	const [low, high] = ramp === 'diverging' ? [-reach, reach] : domain;
	const values = Float32Array.from(
		{ length: STEPS },
		(_, step) => low + ((high - low) * step) / (STEPS - 1),
	);
	const bar = { x, y: y + size.lineHeight, width, height: BAR_HEIGHT };
	const ticks = [low, (low + high) / 2, high];
	const aligned = ['start', 'middle', 'end'] as const;
	return [
		{
			kind: 'text',
			x,
			y: y + size.lineHeight / 2,
			text: label,
			fill: 'muted',
			size: 'small',
			maxWidth: width,
		},
		{ kind: 'image', ...bar, columns: STEPS, rows: 1, values, domain: [low, high], ramp },
		{ kind: 'rect', ...bar, stroke: 'faint', strokeWidth: 1 },
		...ticks.map((value, at): Mark => ({
			kind: 'text',
			x: x + (width * at) / 2,
			y: bar.y + BAR_HEIGHT + 2 + size.lineHeight / 2,
			text: significant(value),
			fill: 'muted',
			size: 'small',
			align: aligned[at]!,
		})),
	];
}
