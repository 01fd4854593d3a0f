import type { ImageMark } from '../view-api/scene.ts';
import { RAMP_STEPS } from './colors.ts';
import type { Theme } from './theme.ts';

/** Index of a cell that is left empty; cells with a value have 1 to `RAMP_STEPS`. */
export const EMPTY = 0;

/** Which place of the ramp each value takes, `[rows, columns]`: 0 empty, else 1 + step of the ramp. */
export function rasterize({
	rows,
	columns,
	values,
	domain,
	ramp,
}: ImageMark): Uint8Array<ArrayBuffer> {
	const [low, high] = ramp === 'diverging' ? mirrored(domain) : domain;
	const scale = high > low ? (RAMP_STEPS - 1) / (high - low) : 0;
	const indices = new Uint8Array(rows * columns);
	for (let at = 0; at < indices.length; at++) {
		const value = values[at]!;
		if (Number.isNaN(value)) continue;
		const step = Math.round((value - low) * scale);
		indices[at] = 1 + Math.min(RAMP_STEPS - 1, Math.max(0, step));
	}
	return indices;
}

function mirrored([low, high]: readonly [number, number]): [number, number] {
	const reach = Math.max(Math.abs(low), Math.abs(high));
	return [-reach, reach];
}

/** `[1 + RAMP_STEPS, 4]` bytes, red green blue opacity, for the indices of `rasterize`. */
export function palette(theme: Theme, ramp: ImageMark['ramp']): Uint8Array<ArrayBuffer> {
	const table = theme.ramp(ramp);
	const colors = new Uint8Array((1 + RAMP_STEPS) * 4);
	for (let step = 0; step < RAMP_STEPS; step++) {
		colors.set(table.subarray(step * 3, step * 3 + 3), (step + 1) * 4);
		colors[(step + 1) * 4 + 3] = 255;
	}
	return colors;
}

/** `[rows, columns, 4]` bytes as a canvas takes them. */
export function pixels(mark: ImageMark, theme: Theme): Uint8ClampedArray<ArrayBuffer> {
	const colors = new Uint32Array(palette(theme, mark.ramp).buffer);
	return new Uint8ClampedArray(Uint32Array.from(rasterize(mark), (index) => colors[index]!).buffer);
}
