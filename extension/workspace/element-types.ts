import type { InputTensor } from '../protocol/run.ts';

export type ElementType = InputTensor['dtype'];

export const elementTypes: Readonly<
	Record<ElementType, { readonly bytes: number; readonly integer: boolean }>
> = {
	float32: { bytes: 4, integer: false },
	float64: { bytes: 8, integer: false },
	float16: { bytes: 2, integer: false },
	int64: { bytes: 8, integer: true },
	int32: { bytes: 4, integer: true },
	int8: { bytes: 1, integer: true },
	uint8: { bytes: 1, integer: true },
	bool: { bytes: 1, integer: true },
};

export const isElementType = (word: string): word is ElementType =>
	Object.hasOwn(elementTypes, word);

const integerRanges: Partial<Record<ElementType, readonly [number, number]>> = {
	int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
	int32: [-(2 ** 31), 2 ** 31 - 1],
	int8: [-128, 127],
	uint8: [0, 255],
	bool: [0, 1],
};

/** Index of the first value that `dtype` cannot hold, or −1. Floats are rounded, so they hold every number. */
export function firstUnfit(dtype: ElementType, values: readonly number[]): number {
	const range = integerRanges[dtype];
	if (!range) return -1;
	return values.findIndex(
		(value) => !Number.isInteger(value) || value < range[0] || value > range[1],
	);
}

/** Little-endian bytes, one element after the other. Values must fit (`firstUnfit`). */
export function encodeElements(dtype: ElementType, values: readonly number[]): Uint8Array {
	const { bytes } = elementTypes[dtype];
	const encoded = new Uint8Array(values.length * bytes);
	const view = new DataView(encoded.buffer);
	const write = writers[dtype];
	values.forEach((value, i) => write(view, i * bytes, value));
	return encoded;
}

/** The numbers in little-endian bytes. An int64 beyond 2^53 loses its last digits. */
export function decodeElements(dtype: ElementType, data: Uint8Array): number[] {
	const { bytes } = elementTypes[dtype];
	const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
	const read = readers[dtype];
	return Array.from({ length: data.byteLength / bytes }, (_, i) => read(view, i * bytes));
}

type Writer = (view: DataView, at: number, value: number) => void;

const writers: Record<ElementType, Writer> = {
	float32: (view, at, value) => view.setFloat32(at, value, true),
	float64: (view, at, value) => view.setFloat64(at, value, true),
	float16: (view, at, value) => view.setUint16(at, halfBits(value), true),
	int64: (view, at, value) => view.setBigInt64(at, BigInt(value), true),
	int32: (view, at, value) => view.setInt32(at, value, true),
	int8: (view, at, value) => view.setInt8(at, value),
	uint8: (view, at, value) => view.setUint8(at, value),
	bool: (view, at, value) => view.setUint8(at, value),
};

const readers: Record<ElementType, (view: DataView, at: number) => number> = {
	float32: (view, at) => view.getFloat32(at, true),
	float64: (view, at) => view.getFloat64(at, true),
	float16: (view, at) => halfValue(view.getUint16(at, true)),
	int64: (view, at) => Number(view.getBigInt64(at, true)),
	int32: (view, at) => view.getInt32(at, true),
	int8: (view, at) => view.getInt8(at),
	uint8: (view, at) => view.getUint8(at),
	bool: (view, at) => view.getUint8(at),
};

const smallestHalf = 2 ** -24;
const smallestNormalHalf = 2 ** -14;
const largestHalf = 65504;

/** IEEE 754 binary16, rounded to nearest even; beyond the largest finite half it is infinite. */
function halfBits(value: number): number {
	if (Number.isNaN(value)) return 0x7e00;
	const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
	const size = Math.abs(value);
	// halfway between the largest half and what would be the next
	if (size >= largestHalf + 16) return sign | 0x7c00;
	if (size < smallestNormalHalf) return sign | roundToEven(size / smallestHalf);
	let exponent = Math.floor(Math.log2(size));
	// log2 is rounded: just below a power of two it may name the power itself
	if (2 ** exponent > size) exponent -= 1;
	const fraction = roundToEven((size / 2 ** exponent - 1) * 1024);
	// a fraction rounded up to 1024 carries into the exponent, which is what adding does
	return sign | (((exponent + 15) << 10) + fraction);
}

function halfValue(bits: number): number {
	const sign = bits & 0x8000 ? -1 : 1;
	const exponent = (bits >> 10) & 0x1f;
	const fraction = bits & 0x3ff;
	if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
	if (exponent === 0) return sign * fraction * smallestHalf;
	return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function roundToEven(value: number): number {
	const below = Math.floor(value);
	const rest = value - below;
	if (rest > 0.5) return below + 1;
	if (rest < 0.5) return below;
	return below % 2 === 0 ? below : below + 1;
}
