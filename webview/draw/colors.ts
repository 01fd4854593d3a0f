import { lab, rgb, type RGBColor } from 'd3-color';
import { interpolateBuPu, interpolateMagma, interpolateRdBu } from 'd3-scale-chromatic';

/** Places a ramp is sampled at; the middle one of a diverging ramp stands for exactly zero. */
export const RAMP_STEPS = 255;

export type RampKind = 'sequential' | 'diverging';

/** `[RAMP_STEPS, 3]` sRGB bytes. */
export type RampTable = Uint8Array<ArrayBuffer>;

/**
 * The ramp of a background: the least value lies nearest to it, the largest stands out most. Both sequential ramps change
 * evenly in lightness and are readable with every common colour-vision deficiency: magma on dark, ColorBrewer's
 * blue–purple on light. Diverging is ColorBrewer's red–blue with red below zero; on a dark background its lightness is
 * mirrored, so that zero recedes there as well.
 */
export function rampTable(kind: RampKind, dark: boolean): RampTable {
	const table = new Uint8Array(RAMP_STEPS * 3);
	for (let step = 0; step < RAMP_STEPS; step++) {
		const { r, g, b } = rampColor(kind, step / (RAMP_STEPS - 1), dark);
		table.set([Math.round(r), Math.round(g), Math.round(b)], step * 3);
	}
	return table;
}

function rampColor(kind: RampKind, place: number, dark: boolean): RGBColor {
	if (kind === 'sequential') return rgb((dark ? interpolateMagma : interpolateBuPu)(place)).clamp();
	const color = lab(interpolateRdBu(place));
	if (dark) color.l = 100 - color.l;
	return color.rgb().clamp();
}

/** Contrast of two opaque colours by WCAG 2: 1 to 21. */
export function contrast(one: string, other: string): number {
	const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
	return (high + 0.05) / (low + 0.05);
}

function luminance(color: string): number {
	const { r, g, b } = rgb(color);
	const [red, green, blue] = [r, g, b].map((byte) => {
		const part = byte / 255;
		return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
	}) as [number, number, number];
	return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

export function isDark(background: string): boolean {
	return luminance(background) < 0.18;
}

/** The colour with its lightness moved away from the background's until the contrast is at least `least`. */
export function legible(color: string, background: string, least: number): string {
	const moved = lab(color);
	const step = isDark(background) ? 2 : -2;
	while (contrast(moved.formatHex(), background) < least && moved.l > 0 && moved.l < 100) {
		moved.l += step;
	}
	return moved.rgb().clamp().formatHex();
}

/** `share` of the colour over the background, opaque; the colour's own transparency counts too. */
export function over(color: string, background: string, share = 1): string {
	const front = rgb(color);
	const back = rgb(background);
	const part = share * front.opacity;
	const mixed = rgb(
		back.r + (front.r - back.r) * part,
		back.g + (front.g - back.g) * part,
		back.b + (front.b - back.b) * part,
	);
	return mixed.formatHex();
}

/** Whether d3 can read it; VS Code leaves variables empty that a theme does not set. */
export function isColor(text: string): boolean {
	return rgb(text).displayable();
}
