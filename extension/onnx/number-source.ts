import { BinaryReader } from '@bufbuild/protobuf/wire';
import { LENGTH_DELIMITED, type Field, type FieldWalk } from './fields.ts';
import { MAX_WHOLE_BYTES } from './limits.ts';
import type { ByteRange } from './model-index.ts';
import { rawReader, typedReader, type RawReader, type TypedReader } from './tensor-values.ts';

/** Enough to tell weights from masks, few enough to be in memory with the tensor's header. */
export const BEGINNING = 32;
/** A varint takes up to 10 bytes. */
const LONGEST_VARINT = 10;

/** A tensor's numbers, row-major, of which some are read. */
export interface NumberSource {
	/** Bytes that one number takes, at least. */
	readonly bytes: number;
	/** Bytes that are read for so many numbers. */
	cost(count: number): number;
	/** Numbers from a place on; null where they are cut off. */
	read(from: number, count: number): Promise<readonly number[] | null>;
}

/** Numbers of `raw_data`, or of one packed typed field; null where an element has no number or the sizes do not fit. */
export function numberSource(
	walk: FieldWalk,
	dtype: string,
	count: number,
	raw: ByteRange | null,
	typed: readonly Field[],
): NumberSource | null {
	const reader = rawReader(dtype);
	if (raw) return reader && raw.length === count * reader.bytes ? strided(walk, raw.offset, reader) : null; // prettier-ignore
	const [field, ...others] = typed;
	const packed = field && typedReader(dtype, field.number);
	if (!packed || !reader || others.length > 0 || field.wire !== LENGTH_DELIMITED) return null;
	// floats stand packed as they stand raw
	const fixed = /^float(32|64)$/.test(dtype);
	if (fixed) return field.length === count * reader.bytes ? strided(walk, field.start, reader) : null; // prettier-ignore
	return field.length >= count && field.length <= MAX_WHOLE_BYTES ? varints(walk, field, packed) : null; // prettier-ignore
}

function strided(walk: FieldWalk, offset: number, reader: RawReader): NumberSource {
	return {
		bytes: reader.bytes,
		cost: (count) => count * reader.bytes,
		read: async (from, count) => {
			const bytes = await loaded(walk, offset + from * reader.bytes, count * reader.bytes);
			const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
			return Array.from({ length: count }, (_, i) => reader.read(view, i));
		},
	};
}

/** Where a number stands shows only when those before it are read. */
function varints(walk: FieldWalk, { start, length }: Field, typed: TypedReader): NumberSource {
	let all: readonly number[] | null | undefined;
	const beginning = Math.min(length, BEGINNING * LONGEST_VARINT);
	return {
		bytes: 1,
		cost: (count) => (count <= BEGINNING ? beginning : length),
		read: async (from, count) => {
			if (from + count <= BEGINNING) return decoded(await loaded(walk, start, beginning), count, typed)?.slice(from) ?? null; // prettier-ignore
			all ??= decoded(await loaded(walk, start, length), length, typed);
			return all && all.length >= from + count ? all.slice(from, from + count) : null;
		},
	};
}

function decoded(bytes: Uint8Array, most: number, typed: TypedReader): number[] | null {
	const packed = new BinaryReader(bytes);
	const numbers: number[] = [];
	try {
		while (packed.pos < packed.len && numbers.length < most) numbers.push(typed.packed(packed));
	} catch {
		return null;
	}
	return numbers;
}

async function loaded(walk: FieldWalk, offset: number, length: number): Promise<Uint8Array> {
	await walk.window.load(offset, length);
	return walk.window.view(offset, length);
}
