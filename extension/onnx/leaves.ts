import { fromBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import {
	OperatorSetIdProtoSchema,
	StringStringEntryProtoSchema,
	ValueInfoProtoSchema,
	type TypeProto,
} from 'onnx-buf';
import { FormatError } from './byte-source.ts';
import type { ByteWindow } from './byte-window.ts';
import { dtypeName } from './dtypes.ts';
import { FIXED32, VARINT, type Field } from './fields.ts';
import { stretchOf, wholeOf } from './field-ranges.ts';
import { MAX_LIST, MAX_NAME_BYTES } from './limits.ts';
import type { Dimension, Opset, ValueInfo } from './model-index.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const LATIN_FAST = 96;

/** UTF-8 text of a field that the window holds; bytes that are no UTF-8 become U+FFFD. */
export function textOf(window: ByteWindow, field: Field): string {
	const bytes = window.view(field.start, field.length);
	if (bytes.length > LATIN_FAST) return decoder.decode(bytes);
	const codes = new Array<number>(bytes.length);
	for (let i = 0; i < bytes.length; i++) {
		const code = bytes[i]!;
		if (code > 0x7f) return decoder.decode(bytes);
		codes[i] = code;
	}
	return String.fromCharCode(...codes);
}

/** @throws FormatError where the field is no text or longer than a name may be */
export function nameOf(window: ByteWindow, field: Field, message: string): string {
	stretchOf(field, message);
	if (field.length > MAX_NAME_BYTES) {
		const limit = `expected a name of at most ${MAX_NAME_BYTES} bytes, came ${field.length}`;
		throw new FormatError('unsupported', field.at, `${message}: field ${field.number}: ${limit}`);
	}
	return textOf(window, field);
}

/** Text for people; empty where it is too long to be kept. */
export function docOf(window: ByteWindow, field: Field, message: string): string {
	stretchOf(field, message);
	return field.loaded ? textOf(window, field) : '';
}

/** One number, or the packed numbers, of a repeated integer field; none where they are too many to be kept. */
export function integersOf(window: ByteWindow, field: Field, message: string): number[] {
	if (field.wire === VARINT) return [field.value];
	return unpack(window, field, message, (reader) => Number(reader.int64()));
}

/** As `integersOf`, of 32-bit floats. */
export function floatsOf(window: ByteWindow, field: Field, message: string): number[] {
	if (field.wire === FIXED32) return [field.value];
	return unpack(window, field, message, (reader) => reader.float());
}

function unpack(
	window: ByteWindow,
	field: Field,
	message: string,
	read: (reader: BinaryReader) => number,
): number[] {
	stretchOf(field, message);
	if (!field.loaded) return [];
	const reader = new BinaryReader(window.view(field.start, field.length));
	const values: number[] = [];
	return guarded(field, message, () => {
		while (reader.pos < reader.len && values.length <= MAX_LIST) values.push(read(reader));
		return values;
	});
}

/** A key and its value. */
export function entryOf(window: ByteWindow, field: Field, message: string): [string, string] {
	if (!field.loaded) return ['', ''];
	const { key, value } = decode(window, field, message, StringStringEntryProtoSchema);
	return [key, value];
}

export function opsetOf(window: ByteWindow, field: Field): Opset {
	const { domain, version } = decode(window, field, 'ModelProto', OperatorSetIdProtoSchema);
	const opset = { domain: domain === 'ai.onnx' ? '' : domain, version: Number(version) };
	const whole = wholeOf(field);
	return whole ? { ...opset, field: whole } : opset;
}

export function valueInfoOf(window: ByteWindow, field: Field): ValueInfo {
	const { name, type } = decode(window, field, 'GraphProto', ValueInfoProtoSchema);
	return { name, ...describeType(type) };
}

/** `sequence(float32)` and the like have no shape of their own. */
function describeType(type: TypeProto | undefined): Omit<ValueInfo, 'name'> {
	const held = type?.value;
	switch (held?.case) {
		case 'tensorType':
			return {
				dtype: dtypeName(held.value.elemType),
				shape: held.value.shape?.dim.map(({ value }) => dimension(value.case, value.value)) ?? null,
			};
		case 'sparseTensorType':
			return { dtype: `sparse(${dtypeName(held.value.elemType)})`, shape: null };
		case 'sequenceType':
			return { dtype: `sequence(${describeType(held.value.elemType).dtype})`, shape: null };
		case 'optionalType':
			return { dtype: `optional(${describeType(held.value.elemType).dtype})`, shape: null };
		case 'mapType': {
			const value = describeType(held.value.valueType).dtype;
			return { dtype: `map(${dtypeName(held.value.keyType)}, ${value})`, shape: null };
		}
		case undefined:
			return { dtype: '', shape: null };
	}
}

/** A size below 0 is what some exporters write for "unknown". */
function dimension(kind: string | undefined, value: bigint | string | undefined): Dimension {
	if (kind === 'dimValue') return Number(value) >= 0 ? Number(value) : null;
	return typeof value === 'string' && value !== '' ? value : null;
}

function decode<S extends DescMessage>(
	window: ByteWindow,
	field: Field,
	message: string,
	schema: S,
): MessageShape<S> {
	stretchOf(field, message);
	if (!field.loaded) {
		const limit = `${field.length} bytes are too many for a ${schema.name}`;
		throw new FormatError('unsupported', field.at, `${message}: ${limit}`);
	}
	const bytes = window.view(field.start, field.length);
	return guarded(field, `${message}: ${schema.name}`, () =>
		fromBinary(schema, bytes, { readUnknownFields: false }),
	);
}

/** The package says what is wrong in its own errors; where it is wrong is ours to add. */
function guarded<T>(field: Field, message: string, read: () => T): T {
	try {
		return read();
	} catch (error) {
		const why = error instanceof Error ? error.message : String(error);
		throw new FormatError('inconsistent', field.start, `${message} could not be read: ${why}`);
	}
}
