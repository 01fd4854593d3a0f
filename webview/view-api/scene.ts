/**
 * A theme role or a data value, never a literal colour. `softmax` and `linear` are the two routes; `series` counts
 * from 0 through a categorical palette; `ramp` is 0..1 of the sequential ramp, `signed` −1..1 of the diverging one.
 */
export type Role =
	| 'text'
	| 'muted'
	| 'faint'
	| 'accent'
	| 'focus'
	| 'good'
	| 'warning'
	| 'error'
	| 'background'
	| 'panel'
	| 'softmax'
	| 'linear'
	| { readonly series: number }
	| { readonly ramp: number }
	| { readonly signed: number };

export interface RectMark {
	readonly kind: 'rect';
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
	readonly fill?: Role;
	readonly stroke?: Role;
	readonly strokeWidth?: number;
	readonly radius?: number;
	/** 0 to 1, default 1. */
	readonly opacity?: number;
	/** A second cue beside colour. */
	readonly hatch?: boolean;
}

export interface LineMark {
	readonly kind: 'line';
	readonly points: readonly (readonly [x: number, y: number])[];
	readonly stroke: Role;
	readonly width: number;
	readonly dash?: readonly number[];
	readonly opacity?: number;
	/** Draws a head at the last point. */
	readonly arrow?: boolean;
}

export interface DotsMark {
	readonly kind: 'dots';
	/** x0, y0, x1, y1, … */
	readonly xy: Float32Array;
	readonly radius: number;
	readonly fill: Role | readonly Role[];
	readonly opacity?: number;
}

export interface TextMark {
	readonly kind: 'text';
	readonly x: number;
	readonly y: number;
	readonly text: string;
	readonly fill: Role;
	/** Default `start`. */
	readonly align?: 'start' | 'middle' | 'end';
	/** Where `y` lies in the line; default `middle`. */
	readonly baseline?: 'top' | 'middle' | 'bottom';
	/** Relative to the editor's font: `small` 0.85, `body` 1, `title` 1.15. */
	readonly size?: 'small' | 'body' | 'title';
	readonly bold?: boolean;
	/** Monospaced, for tokens and code. */
	readonly code?: boolean;
	/** Degrees clockwise around (x, y). */
	readonly rotate?: number;
	/** Cut with an ellipsis beyond this width. */
	readonly maxWidth?: number;
}

/** A grid of values as one mark, whatever its size. */
export interface ImageMark {
	readonly kind: 'image';
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
	readonly columns: number;
	readonly rows: number;
	/** `[rows, columns]`; NaN is left empty (never computed, or masked). */
	readonly values: Float32Array;
	/** Values at the ends of the ramp; a diverging ramp reaches equally both ways. */
	readonly domain: readonly [number, number];
	readonly ramp: 'sequential' | 'diverging';
}

export type Mark = RectMark | LineMark | DotsMark | TextMark | ImageMark;

/**
 * A part that answers to pointer and keyboard. A target with `rows` and `columns` is a grid: arrow keys move a cursor
 * over its cells; without, it is a button.
 */
export interface Target {
	readonly id: string;
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
	readonly label: string;
	readonly rows?: number;
	readonly columns?: number;
}

/** A chart.js figure under the picture. */
export interface Figure {
	readonly id: string;
	readonly kind: 'line' | 'bar' | 'scatter';
	readonly title: string;
	/** With units. */
	readonly xLabel: string;
	readonly yLabel: string;
	readonly series: readonly {
		readonly label: string;
		readonly role: Role;
		readonly x: readonly number[];
		readonly y: readonly number[];
		readonly dash?: boolean;
	}[];
	/** Names of the x positions instead of numbers. */
	readonly categories?: readonly string[];
	readonly yDomain?: readonly [number, number];
	readonly xScale?: 'linear' | 'log';
}

/** Lengths in CSS pixels from the view's top left. */
export interface Scene {
	/** The site in front, or empty where the picture is of none in particular. */
	readonly site: string;
	/** What is drawn. */
	readonly title: string;
	/** The finding in one sentence: shown on top, read aloud, asserted by tests. */
	readonly description: string;
	readonly width: number;
	/** What the marks need at the given width; the shell scrolls. */
	readonly height: number;
	readonly marks: readonly Mark[];
	readonly targets: readonly Target[];
	readonly figures: readonly Figure[];
	/** What is under the cursor, in words with exact numbers; empty for nothing. */
	readonly readout: string;
}

/** `height` is what is visible; a scene may be higher. */
export interface Size {
	readonly width: number;
	readonly height: number;
	/** Width of one character of the small text size, for laying out labels. */
	readonly characterWidth: number;
	readonly lineHeight: number;
}
