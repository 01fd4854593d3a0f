import type { BinaryReader } from '@bufbuild/protobuf/wire';
import { TensorProtoSchema } from 'onnx-buf';

const T = TensorProtoSchema.field;

/** How an element type stands in `raw_data`: little-endian, `bytes` an element. */
export interface RawReader {
	readonly bytes: number;
	read(view: DataView, index: number): number;
}

const raw = new Map<string, RawReader>([
	['float32', { bytes: 4, read: (view, i) => view.getFloat32(4 * i, true) }],
	['float64', { bytes: 8, read: (view, i) => view.getFloat64(8 * i, true) }],
	['float16', { bytes: 2, read: (view, i) => halfToNumber(view.getUint16(2 * i, true)) }],
	['bfloat16', { bytes: 2, read: (view, i) => brainToNumber(view.getUint16(2 * i, true)) }],
	['int8', { bytes: 1, read: (view, i) => view.getInt8(i) }],
	['uint8', { bytes: 1, read: (view, i) => view.getUint8(i) }],
	['bool', { bytes: 1, read: (view, i) => Number(view.getUint8(i) !== 0) }],
	['int16', { bytes: 2, read: (view, i) => view.getInt16(2 * i, true) }],
	['uint16', { bytes: 2, read: (view, i) => view.getUint16(2 * i, true) }],
	['int32', { bytes: 4, read: (view, i) => view.getInt32(4 * i, true) }],
	['uint32', { bytes: 4, read: (view, i) => view.getUint32(4 * i, true) }],
	['int64', { bytes: 8, read: (view, i) => Number(view.getBigInt64(8 * i, true)) }],
	['uint64', { bytes: 8, read: (view, i) => Number(view.getBigUint64(8 * i, true)) }],
]);

/** Undefined for types whose elements are no plain numbers: text, complex numbers, 4 and 8 bit floats. */
export function rawReader(dtype: string): RawReader | undefined {
	return raw.get(dtype);
}

/** How an element type stands in one of the typed fields, packed or one at a time. */
export interface TypedReader {
	packed(reader: BinaryReader): number;
	single(value: number): number;
}

const asIs = (value: number) => value;
const integer = (single: (value: number) => number): TypedReader => ({
	packed: (reader) => single(Number(reader.int64())),
	single,
});
const halves = integer(halfToNumber);
const brains = integer(brainToNumber);
const plain = integer(asIs);
const unsigned: TypedReader = {
	packed: (reader) => Number(reader.uint64()),
	single: (value) => (value < 0 ? value + 2 ** 64 : value),
};

const typed = new Map<number, ReadonlyMap<string, TypedReader>>([
	[T.floatData.number, new Map([['float32', { packed: (r) => r.float(), single: asIs }]])],
	[T.doubleData.number, new Map([['float64', { packed: (r) => r.double(), single: asIs }]])],
	[T.int64Data.number, new Map([['int64', plain]])],
	[
		T.uint64Data.number,
		new Map([
			['uint32', unsigned],
			['uint64', unsigned],
		]),
	],
	[
		T.int32Data.number,
		new Map([
			...['int32', 'int16', 'int8', 'uint16', 'uint8', 'bool'].map((t) => [t, plain] as const),
			['float16', halves],
			['bfloat16', brains],
		]),
	],
]);

/** Undefined where an element type does not belong into the field of that number. */
export function typedReader(dtype: string, field: number): TypedReader | undefined {
	return typed.get(field)?.get(dtype);
}

/** IEEE 754 binary16 from its bits. */
export function halfToNumber(bits: number): number {
	const sign = bits & 0x8000 ? -1 : 1;
	const exponent = (bits >> 10) & 0x1f;
	const fraction = bits & 0x3ff;
	if (exponent === 0) return sign * fraction * 2 ** -24;
	if (exponent === 31) return fraction ? NaN : sign * Infinity;
	return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** bfloat16: the upper half of a float32. */
function brainToNumber(bits: number): number {
	const view = new DataView(new ArrayBuffer(4));
	view.setUint32(0, (bits & 0xffff) * 65536);
	return view.getFloat32(0);
}
