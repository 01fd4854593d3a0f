import { BinaryReader } from '@bufbuild/protobuf/wire';
import { SparseTensorProtoSchema, TensorProtoSchema, TensorProto_DataLocation } from 'onnx-buf';
import { FormatError } from './byte-source.ts';
import { dtypeName } from './dtypes.ts';
import { stretchOf } from './field-ranges.ts';
import { externalData } from './external-data.ts';
import { LENGTH_DELIMITED, type Field, type FieldWalk } from './fields.ts';
import { entryOf, integersOf, nameOf } from './leaves.ts';
import { INLINE_ELEMENTS, MAX_NAME_BYTES } from './limits.ts';
import type { ByteRange, ConstantTensor } from './model-index.ts';
import { numberSource } from './number-source.ts';
import { readPattern } from './read-pattern.ts';
import { rawReader, typedReader } from './tensor-values.ts';

const T = TensorProtoSchema.field;
const EXTERNAL: number = TensorProto_DataLocation.EXTERNAL;
const S = SparseTensorProtoSchema.field;

/** A varint takes up to 10 bytes; what is longer cannot be a small tensor. */
const MOST_TYPED_BYTES = INLINE_ELEMENTS * 10;

const wanted = new Map<number, number>([
	[T.dims.number, MAX_NAME_BYTES],
	[T.name.number, MAX_NAME_BYTES],
	[T.externalData.number, MAX_NAME_BYTES],
]);
const wantedOfSparse = new Map<number, number>([[S.dims.number, MAX_NAME_BYTES]]);

const typedData = new Set<number>([
	T.floatData.number,
	T.int32Data.number,
	T.int64Data.number,
	T.doubleData.number,
	T.uint64Data.number,
]);

/** Reads a `TensorProto`: what it is and where its data stands, and the values of a small one. */
export async function readTensor(
	walk: FieldWalk,
	range: ByteRange,
	depth: number,
): Promise<ConstantTensor> {
	let name = '';
	let nameBytes: ByteRange | undefined;
	let dtype = 0;
	let location = 0;
	const raw: ByteRange[] = [];
	const dims: number[] = [];
	const typed: Field[] = [];
	const entries = new Map<string, string>();
	await walk.each(range, 'TensorProto', depth, wanted, (field) => {
		const { window } = walk;
		if (typedData.has(field.number)) {
			if (typed.length < INLINE_ELEMENTS) typed.push(field);
			return undefined;
		}
		switch (field.number) {
			case T.dims.number:
				for (const size of integersOf(window, field, 'TensorProto')) dims.push(size);
				break;
			case T.dataType.number:
				dtype = field.value;
				break;
			case T.name.number:
				name = nameOf(window, field, 'TensorProto');
				nameBytes = { offset: field.start, length: field.length };
				break;
			case T.rawData.number:
				raw[0] = stretchOf(field, 'TensorProto');
				break;
			case T.externalData.number: {
				const [key, value] = entryOf(window, field, 'TensorProto');
				entries.set(key, value);
				break;
			}
			case T.dataLocation.number:
				location = field.value;
				break;
		}
	});
	checkDims(dims, range.offset);
	const shape = { name, dtype: dtypeName(dtype), dims, ...(nameBytes && { nameBytes }) };
	if (location === EXTERNAL) {
		const external = externalData(entries, range.offset);
		return { ...shape, data: null, external, values: null };
	}
	const data = raw[0] ?? null;
	const values = await smallValues(walk, shape.dtype, dims, data, typed);
	const count = dims.reduce((product, size) => product * size, 1);
	const source = values === null ? numberSource(walk, shape.dtype, count, data, typed) : null;
	const pattern = source && (await readPattern(walk, dims, source));
	const looked = source !== null && data === null;
	return { ...shape, data, external: null, values, ...(looked && { looked }), ...(pattern && { pattern }) }; // prettier-ignore
}

/** Reads a `SparseTensorProto`: named by its values, sized by its dense form, its values left where they are. */
export async function readSparseTensor(
	walk: FieldWalk,
	range: ByteRange,
	depth: number,
): Promise<ConstantTensor> {
	const dims: number[] = [];
	let held: ConstantTensor | undefined;
	await walk.each(range, 'SparseTensorProto', depth, wantedOfSparse, async (field) => {
		if (field.number === S.dims.number) {
			for (const size of integersOf(walk.window, field, 'SparseTensorProto')) dims.push(size);
		} else if (field.number === S.values.number) {
			held = await readTensor(walk, stretchOf(field, 'SparseTensorProto'), depth + 1);
		}
	});
	checkDims(dims, range.offset);
	const { name = '', dtype = 'undefined' } = held ?? {};
	return { name, dtype, dims, data: null, external: null, values: null };
}

function checkDims(dims: readonly number[], at: number): void {
	const wrong = dims.find((size) => !Number.isSafeInteger(size) || size < 0);
	if (wrong === undefined) return;
	const expected = 'expected sizes of 0 or more';
	throw new FormatError('inconsistent', at, `TensorProto: ${expected}, came ${wrong}`);
}

/** Null where there are too many, where the type is no number, or where the data does not fit the shape. */
async function smallValues(
	walk: FieldWalk,
	dtype: string,
	dims: readonly number[],
	raw: ByteRange | null,
	typed: readonly Field[],
): Promise<readonly number[] | null> {
	const count = dims.reduce((product, size) => product * size, 1);
	if (count > INLINE_ELEMENTS) return null;
	if (count === 0) return [];
	if (raw) {
		const reader = rawReader(dtype);
		if (raw.length !== count * (reader?.bytes ?? NaN)) return null;
		const bytes = await loaded(walk, raw);
		const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		return Array.from({ length: count }, (_, i) => reader!.read(view, i));
	}
	const values: number[] = [];
	for (const field of typed) {
		const reader = typedReader(dtype, field.number);
		if (!reader || field.length > MOST_TYPED_BYTES) return null;
		if (field.wire === LENGTH_DELIMITED) {
			const packed = new BinaryReader(
				await loaded(walk, { offset: field.start, length: field.length }),
			);
			try {
				while (packed.pos < packed.len && values.length <= count)
					values.push(reader.packed(packed));
			} catch {
				throw new FormatError('inconsistent', field.start, 'TensorProto: its numbers are cut off');
			}
		} else values.push(reader.single(field.value));
	}
	return values.length === count ? values : null;
}

async function loaded(walk: FieldWalk, { offset, length }: ByteRange): Promise<Uint8Array> {
	await walk.window.load(offset, length);
	return walk.window.view(offset, length);
}
