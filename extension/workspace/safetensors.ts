import type { ByteSource } from '../onnx/byte-source.ts';
import type { ArrayFileContent, StoredArray } from '../protocol/files.ts';
import { InputError } from './input-error.ts';

/** No real header is near it: the largest public models have one of a few megabytes. */
const LONGEST_HEADER = 100 * 1024 * 1024;

interface Entry {
	readonly dtype: string;
	readonly shape: readonly number[];
	readonly from: number;
	readonly to: number;
}

/** A `.safetensors` file whose header was read; arrays are read when asked for. */
export class Safetensors {
	private constructor(
		private readonly source: ByteSource,
		private readonly file: string,
		private readonly metadata: Readonly<Record<string, string>>,
		private readonly entries: ReadonlyMap<string, Entry>,
	) {}

	/** @throws InputError `malformed`, saying what was expected, what came and where */
	static async open(source: ByteSource, file: string, signal?: AbortSignal): Promise<Safetensors> {
		if (source.size < 8)
			refuse(file, `expected a header of 8 bytes, and the file has ${source.size}`);
		const head = await source.read(0, 8, signal);
		const length = Number(new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true));
		if (length > Math.min(LONGEST_HEADER, source.size - 8)) {
			refuse(file, `the header claims ${length} bytes, and the file has ${source.size}`);
		}
		const text = new TextDecoder().decode(await source.read(8, length, signal));
		const { metadata, entries } = readHeader(text, file, source.size - 8 - length, 8 + length);
		return new Safetensors(source, file, metadata, entries);
	}

	content(): ArrayFileContent {
		const arrays = [...this.entries].map(([name, { dtype, shape }]) => ({
			name,
			dtype,
			shape: [...shape],
		}));
		return { metadata: { ...this.metadata }, arrays };
	}

	/** @throws InputError `malformed` where there is none of that name, or of an element type that is not read */
	async read(name: string, signal?: AbortSignal): Promise<StoredArray> {
		const entry = this.entries.get(name);
		if (!entry) {
			return refuse(this.file, `no array is named ${name}; there are ${[...this.entries.keys()].join(', ')}`); // prettier-ignore
		}
		const element = elements[entry.dtype];
		if (!element) {
			return refuse(this.file, `${name} is of type ${entry.dtype}; read are ${Object.keys(elements).join(', ')}`); // prettier-ignore
		}
		const bytes = await this.source.read(entry.from, entry.to - entry.from, signal);
		const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		const count = entry.shape.reduce((all, size) => all * size, 1);
		const values = Float32Array.from({ length: count }, (_, at) => element.read(view, at));
		return { shape: [...entry.shape], values: new Uint8Array(values.buffer) };
	}
}

interface Element {
	readonly bytes: number;
	read(view: DataView, at: number): number;
}

const elements: Readonly<Record<string, Element>> = {
	F64: { bytes: 8, read: (view, at) => view.getFloat64(at * 8, true) },
	F32: { bytes: 4, read: (view, at) => view.getFloat32(at * 4, true) },
	F16: { bytes: 2, read: (view, at) => fromHalf(view.getUint16(at * 2, true)) },
	BF16: { bytes: 2, read: (view, at) => fromBrain(view.getUint16(at * 2, true)) },
	I64: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at * 8, true)) },
	I32: { bytes: 4, read: (view, at) => view.getInt32(at * 4, true) },
	I16: { bytes: 2, read: (view, at) => view.getInt16(at * 2, true) },
	I8: { bytes: 1, read: (view, at) => view.getInt8(at) },
	U8: { bytes: 1, read: (view, at) => view.getUint8(at) },
	BOOL: { bytes: 1, read: (view, at) => view.getUint8(at) },
};

function fromHalf(bits: number): number {
	const sign = bits & 0x8000 ? -1 : 1;
	const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff];
	if (exponent === 0) return sign * 2 ** -24 * fraction;
	if (exponent === 31) return fraction ? NaN : sign * Infinity;
	return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}

/** The upper half of a float32. */
function fromBrain(bits: number): number {
	const view = new DataView(new ArrayBuffer(4));
	view.setUint32(0, bits * 65536);
	return view.getFloat32(0);
}

function readHeader(text: string, file: string, dataBytes: number, start: number) {
	let header: unknown;
	try {
		header = JSON.parse(text);
	} catch (error) {
		refuse(file, `the header is not JSON: ${String(error)}`);
	}
	if (typeof header !== 'object' || header === null || Array.isArray(header)) {
		refuse(file, 'expected a header that names arrays');
	}
	const entries = new Map<string, Entry>();
	let metadata: Record<string, string> = {};
	for (const [name, value] of Object.entries(header as Record<string, unknown>)) {
		if (name === '__metadata__') metadata = textsOf(value);
		else entries.set(name, readEntry(name, value, file, dataBytes, start));
	}
	return { metadata, entries };
}

function textsOf(value: unknown): Record<string, string> {
	if (typeof value !== 'object' || value === null) return {};
	return Object.fromEntries(Object.entries(value).map(([key, word]) => [key, String(word)]));
}

function readEntry(
	name: string,
	value: unknown,
	file: string,
	dataBytes: number,
	start: number,
): Entry {
	const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
	const counts = (list: unknown): list is number[] =>
		Array.isArray(list) && list.every((item) => Number.isSafeInteger(item) && Number(item) >= 0);
	if (typeof dtype !== 'string' || !counts(shape) || !counts(offsets) || offsets.length !== 2) {
		return refuse(file, `${name}: expected dtype, shape and data_offsets, got ${JSON.stringify(value)}`); // prettier-ignore
	}
	const [from, to] = offsets as [number, number];
	const wanted = shape.reduce((all, size) => all * size, elements[dtype]?.bytes ?? NaN);
	if (from > to || to > dataBytes || (!Number.isNaN(wanted) && to - from !== wanted)) {
		refuse(file, `${name}: shape [${shape.join(', ')}] of ${dtype} needs ${wanted} bytes, and bytes ${from} to ${to} of ${dataBytes} are its own`); // prettier-ignore
	}
	return { dtype, shape, from: start + from, to: start + to };
}

function refuse(file: string, what: string): never {
	throw new InputError('malformed', `${file}: ${what}`);
}
