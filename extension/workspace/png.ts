import { unzlibSync } from 'fflate';
import { InputError } from './input-error.ts';

/** A picture as numbers: `[height, width, 4]`, red, green, blue and opacity, 0 to 255. */
export interface Pixels {
	readonly width: number;
	readonly height: number;
	readonly rgba: Uint8Array;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Channels by PNG colour type: grey, RGB, palette, grey with opacity, RGB with opacity. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/** 256 MB of pixels: a picture for a model is far smaller. */
const MOST_PIXELS = 2 ** 26;

export const isPng = (bytes: Uint8Array): boolean =>
	SIGNATURE.every((byte, at) => bytes[at] === byte);

interface Header {
	readonly width: number;
	readonly height: number;
	readonly depth: number;
	readonly color: number;
}

/**
 * A PNG file's picture (ISO/IEC 15948), every colour type and depth, not interlaced; 16-bit samples keep their upper byte.
 *
 * @throws InputError `malformed`
 */
export function decodePng(bytes: Uint8Array, file: string): Pixels {
	const refuse = (what: string): never => {
		throw new InputError('malformed', `${file}: ${what}`);
	};
	if (!isPng(bytes)) refuse('expected a PNG picture, and the first bytes are something else');
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const packed: Uint8Array[] = [];
	let header: Header | undefined;
	let [palette, opacity] = [new Uint8Array(), new Uint8Array()];
	for (let at = 8; at + 8 <= bytes.length;) {
		const length = view.getUint32(at);
		const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
		const data = bytes.subarray(at + 8, at + 8 + length);
		if (data.length < length) refuse(`the part ${kind} at byte ${at} is cut off`);
		if (kind === 'IHDR') header = readHeader(data, refuse);
		if (kind === 'PLTE') palette = data.slice();
		if (kind === 'tRNS') opacity = data.slice();
		if (kind === 'IDAT') packed.push(data);
		if (kind === 'IEND') break;
		at += length + 12;
	}
	if (!header || packed.length === 0) return refuse('it has no header or no picture');
	const rows = unfiltered(inflated(packed, refuse), header, refuse);
	return {
		width: header.width,
		height: header.height,
		rgba: toRgba(rows, header, palette, opacity),
	};
}

type Refuse = (what: string) => never;

function readHeader(data: Uint8Array, refuse: Refuse): Header {
	if (data.length < 13) refuse('the header is cut off');
	const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
	const [width, height] = [view.getUint32(0), view.getUint32(4)];
	const [depth, color, interlace] = [data[8]!, data[9]!, data[12]!];
	if (width === 0 || height === 0 || width * height > MOST_PIXELS)
		refuse(`a picture of ${width} by ${height} pixels is not read`);
	if (CHANNELS[color] === undefined || ![1, 2, 4, 8, 16].includes(depth))
		refuse(`colour type ${color} of depth ${depth} is none of PNG`);
	if (interlace !== 0) refuse('interlaced pictures are not read: save it without interlacing');
	return { width, height, depth, color };
}

function inflated(packed: readonly Uint8Array[], refuse: Refuse): Uint8Array {
	const joined = new Uint8Array(packed.reduce((sum, { length }) => sum + length, 0));
	let at = 0;
	for (const part of packed) {
		joined.set(part, at);
		at += part.length;
	}
	try {
		return unzlibSync(joined);
	} catch (error) {
		return refuse(`its pixels cannot be unpacked: ${String(error)}`);
	}
}

/** Rows of samples as stored, each row's filter undone. */
function unfiltered(raw: Uint8Array, { width, height, depth, color }: Header, refuse: Refuse) {
	const bits = CHANNELS[color]! * depth;
	const stride = Math.ceil((width * bits) / 8);
	const step = Math.max(1, bits / 8);
	if (raw.length < (stride + 1) * height) refuse('its pixels are cut off');
	const rows = new Uint8Array(stride * height);
	for (let y = 0; y < height; y++) {
		const filter = raw[y * (stride + 1)]!;
		if (filter > 4) refuse(`row ${y} has the unknown filter ${filter}`);
		for (let x = 0; x < stride; x++) {
			const at = y * stride + x;
			const left = x >= step ? rows[at - step]! : 0;
			const up = y > 0 ? rows[at - stride]! : 0;
			const corner = x >= step && y > 0 ? rows[at - stride - step]! : 0;
			rows[at] = raw[y * (stride + 1) + 1 + x]! + predicted(filter, left, up, corner);
		}
	}
	return rows;
}

function predicted(filter: number, left: number, up: number, corner: number): number {
	switch (filter) {
		case 1:
			return left;
		case 2:
			return up;
		case 3:
			return (left + up) >> 1;
		case 4: {
			const guess = left + up - corner;
			const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
			return a <= b && a <= c ? left : b <= c ? up : corner;
		}
		default:
			return 0;
	}
}

function toRgba(
	rows: Uint8Array,
	{ width, height, depth, color }: Header,
	palette: Uint8Array,
	opacity: Uint8Array,
): Uint8Array {
	const channels = CHANNELS[color]!;
	const stride = Math.ceil((width * channels * depth) / 8);
	const sample = (y: number, index: number): number => {
		if (depth === 8) return rows[y * stride + index]!;
		if (depth === 16) return rows[y * stride + index * 2]!;
		const bit = index * depth;
		const value = (rows[y * stride + (bit >> 3)]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
		return color === 3 ? value : Math.round((value * 255) / (2 ** depth - 1));
	};
	const rgba = new Uint8Array(width * height * 4);
	for (let y = 0; y < height; y++) {
		for (let x = 0; x < width; x++) {
			const first = sample(y, x * channels);
			const at = (y * width + x) * 4;
			if (color === 3) {
				rgba.set(palette.subarray(first * 3, first * 3 + 3), at);
				rgba[at + 3] = opacity[first] ?? 255;
			} else {
				const grey = channels < 3;
				rgba[at] = first;
				rgba[at + 1] = grey ? first : sample(y, x * channels + 1);
				rgba[at + 2] = grey ? first : sample(y, x * channels + 2);
				rgba[at + 3] = channels % 2 === 0 ? sample(y, x * channels + channels - 1) : 255;
			}
		}
	}
	return rgba;
}
