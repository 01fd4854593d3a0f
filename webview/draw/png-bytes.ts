import { strToU8, zlibSync } from 'fflate';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const END_BYTES = 12;

/**
 * An indexed-colour PNG (W3C PNG, colour type 3): one byte a pixel.
 *
 * @param indices `[height, width]`
 * @param colors `[count, 4]` red, green, blue, opacity; at most 256
 */
export function indexedPng(
	width: number,
	height: number,
	indices: Uint8Array,
	colors: Uint8Array,
): Uint8Array<ArrayBuffer> {
	const count = colors.length / 4;
	if (indices.length !== width * height || count > 256) {
		throw new RangeError(
			`a PNG of ${width} × ${height} needs ${width * height} pixels and at most 256 colours, got ${indices.length} and ${count}`,
		);
	}
	const header = new Uint8Array(13);
	const fields = new DataView(header.buffer);
	fields.setUint32(0, width);
	fields.setUint32(4, height);
	header.set([8, 3], 8);
	const rgb = new Uint8Array(count * 3);
	const opacity = new Uint8Array(count);
	for (let at = 0; at < count; at++) {
		rgb.set(colors.subarray(at * 4, at * 4 + 3), at * 3);
		opacity[at] = colors[at * 4 + 3]!;
	}
	const lines = new Uint8Array(height * (width + 1));
	for (let row = 0; row < height; row++) {
		lines.set(indices.subarray(row * width, (row + 1) * width), row * (width + 1) + 1);
	}
	return joined([
		SIGNATURE,
		chunk('IHDR', header),
		chunk('PLTE', rgb),
		chunk('tRNS', opacity),
		chunk('IDAT', zlibSync(lines, { level: 9 })),
		chunk('IEND', new Uint8Array(0)),
	]);
}

/** The PNG with a text entry added, in UTF-8: readers show it among the file's properties. */
export function withPngText(
	png: Uint8Array,
	keyword: string,
	text: string,
): Uint8Array<ArrayBuffer> {
	if (SIGNATURE.some((byte, at) => png[at] !== byte)) {
		throw new RangeError('expected a PNG file, got bytes that do not start like one');
	}
	// keyword, end, uncompressed, no language, no translated keyword
	const entry = joined([strToU8(keyword), new Uint8Array(5), strToU8(text)]);
	const end = png.length - END_BYTES;
	return joined([png.subarray(0, end), chunk('iTXt', entry), png.subarray(end)]);
}

function chunk(type: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
	const body = joined([strToU8(type), data]);
	const whole = new Uint8Array(body.length + 8);
	const fields = new DataView(whole.buffer);
	fields.setUint32(0, data.length);
	whole.set(body, 4);
	fields.setUint32(body.length + 4, crc32(body));
	return whole;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
	const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
	let value = byte;
	for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
	return value;
});

function crc32(bytes: Uint8Array): number {
	let crc = 0xffffffff;
	for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
	return (crc ^ 0xffffffff) >>> 0;
}
