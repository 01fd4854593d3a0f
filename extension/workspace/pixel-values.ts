import type { NeededInput } from './model-inputs.ts';
import type { Pixels } from './png.ts';

/** How 0..255 becomes what a model was trained on; the models themselves do not say. */
export const scalings = {
	'zero-to-one': { mean: [0, 0, 0], deviation: [1, 1, 1] },
	'minus-one-to-one': { mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] },
	imagenet: { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] },
	clip: { mean: [0.48145466, 0.4578275, 0.40821073], deviation: [0.26862954, 0.26130258, 0.27577711] }, // prettier-ignore
	bytes: { mean: [0, 0, 0], deviation: [1 / 255, 1 / 255, 1 / 255] },
} as const;
export type Scaling = keyof typeof scalings;

export const isScaling = (word: unknown): word is Scaling =>
	typeof word === 'string' && Object.hasOwn(scalings, word);

/** Where a picture's axes lie in an input: `NCHW` or `NHWC`. */
interface PictureAxes {
	readonly channels: 1 | 3;
	readonly last: boolean;
	/** Declared sizes; null where the model leaves them open. */
	readonly height: number | null;
	readonly width: number | null;
}

/** Of an input `[B, 3, H, W]` or `[B, H, W, 3]`, one channel for grey; undefined where it takes no picture. */
export function pictureAxes({ name, dtype, shape }: NeededInput): PictureAxes | undefined {
	if (!/float|uint8/.test(dtype) || shape?.length !== 4) return undefined;
	// keys of one head, or of three, have the axes of a picture
	if (/past|cache/i.test(name) || shape.some(runsOverTokens)) return undefined;
	const size = (axis: number) => (typeof shape[axis] === 'number' ? shape[axis] : null);
	const channels = (count: number | null) => (count === 1 || count === 3 ? count : undefined);
	const first = channels(size(1));
	const last = channels(size(3));
	if (last !== undefined && (last === 3 || first === undefined))
		return { channels: last, last: true, height: size(1), width: size(2) };
	return first && { channels: first, last: false, height: size(2), width: size(3) };
}

const runsOverTokens = (size: unknown) =>
	typeof size === 'string' && /past|cache|seq|total|len|tok/i.test(size);

/** Sizes of the picture in the model: declared ones, else those that keep its proportions, else its own. */
export function pictureSize(
	{ height, width }: PictureAxes,
	pixels: Pixels,
	/** The strides of convolutions and patches divide it. */
	multiple = 32,
): { height: number; width: number } {
	const whole = (size: number) => Math.max(multiple, Math.round(size / multiple) * multiple);
	if (height !== null && width !== null) return { height, width };
	if (height !== null) return { height, width: whole((pixels.width * height) / pixels.height) };
	if (width !== null) return { height: whole((pixels.height * width) / pixels.width), width };
	return { height: whole(pixels.height), width: whole(pixels.width) };
}

/**
 * A picture as a model takes it: resized by area and linear interpolation, on white where it is transparent,
 * `(value / 255 − mean) / deviation` for each channel. `[1, channels, height, width]` or `[1, height, width, channels]`.
 */
export function pixelValues(
	pixels: Pixels,
	axes: PictureAxes,
	size: { readonly height: number; readonly width: number },
	scaling: Scaling,
): { shape: number[]; values: number[] } {
	const { mean, deviation } = scalings[scaling];
	const { channels, last } = axes;
	const { height, width } = size;
	const values = new Array<number>(channels * height * width);
	const across = spans(pixels.width, width);
	const down = spans(pixels.height, height);
	for (let y = 0; y < height; y++) {
		for (let x = 0; x < width; x++) {
			const rgb = averaged(pixels, down[y]!, across[x]!);
			const grey = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
			for (let c = 0; c < channels; c++) {
				const value = (channels === 1 ? grey : rgb[c]!) / 255;
				const at = last ? (y * width + x) * channels + c : (c * height + y) * width + x;
				values[at] = (value - mean[c]!) / deviation[c]!;
			}
		}
	}
	const shape = last ? [1, height, width, channels] : [1, channels, height, width];
	return { shape, values };
}

type Span = readonly (readonly [at: number, weight: number])[];

/** For each of `to` cells the samples of `from` under a triangle around it, wide enough to miss none. */
function spans(from: number, to: number): Span[] {
	const scale = from / to;
	const reach = Math.max(1, scale);
	return Array.from({ length: to }, (_, cell) => {
		const middle = (cell + 0.5) * scale - 0.5;
		const span: [number, number][] = [];
		for (let at = Math.ceil(middle - reach); at <= Math.floor(middle + reach); at++) {
			const weight = 1 - Math.abs(at - middle) / reach;
			if (weight > 0) span.push([Math.min(from - 1, Math.max(0, at)), weight]);
		}
		const sum = span.reduce((total, [, weight]) => total + weight, 0);
		return span.map(([at, weight]) => [at, weight / sum] as const);
	});
}

function averaged({ rgba, width }: Pixels, down: Span, across: Span): [number, number, number] {
	const sum: [number, number, number] = [0, 0, 0];
	for (const [y, tall] of down) {
		for (const [x, wide] of across) {
			const at = (y * width + x) * 4;
			const share = rgba[at + 3]! / 255;
			for (let c = 0; c < 3; c++)
				sum[c]! += tall * wide * (rgba[at + c]! * share + 255 * (1 - share));
		}
	}
	return sum;
}
