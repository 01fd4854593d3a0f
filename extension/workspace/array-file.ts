import type { ByteSource } from '../onnx/byte-source.ts';
import type { ArrayFileContent, StoredArray } from '../protocol/files.ts';
import { decodeElements } from './element-types.ts';
import { InputError } from './input-error.ts';
import { listNpz, readNpz } from './npz.ts';
import { Safetensors } from './safetensors.ts';

/** An array larger than this would not fit in a page beside its model. */
const MOST_BYTES = 256 * 1024 * 1024;

/** Names of files that are taken for holding arrays. */
export const ARRAY_FILE = /\.(safetensors|npz)$/i;

/** @throws InputError `malformed` */
export async function describeArrayFile(
	source: ByteSource,
	file: string,
	signal?: AbortSignal,
): Promise<ArrayFileContent> {
	if (isNpz(file))
		return { metadata: {}, arrays: listNpz(await whole(source, file, signal), file) };
	return (await Safetensors.open(source, file, signal)).content();
}

/** @throws InputError `malformed`, `unfit` for an array that is too large */
export async function readArrayOf(
	source: ByteSource,
	file: string,
	name: string,
	signal?: AbortSignal,
): Promise<StoredArray> {
	const content = await describeArrayFile(source, file, signal);
	const shape = content.arrays.find((array) => array.name === name)?.shape ?? [];
	const bytes = shape.reduce((all, size) => all * size, 4);
	if (bytes > MOST_BYTES) {
		throw new InputError('unfit', `${file}: ${name} has ${bytes} bytes, and at most ${MOST_BYTES} are read.`); // prettier-ignore
	}
	if (!isNpz(file)) return (await Safetensors.open(source, file, signal)).read(name, signal);
	const array = readNpz(await whole(source, file, signal), name, file);
	const values =
		array.dtype === 'int16'
			? Float32Array.from(new Int16Array(array.data.slice().buffer))
			: Float32Array.from(decodeElements(array.dtype, array.data));
	return { shape: [...array.shape], values: new Uint8Array(values.buffer) };
}

const isNpz = (file: string) => /\.npz$/i.test(file);

/** The list of an archive stands at its end, and its arrays are compressed. */
async function whole(source: ByteSource, file: string, signal?: AbortSignal): Promise<Uint8Array> {
	if (source.size > MOST_BYTES) {
		throw new InputError('unfit', `${file} has ${source.size} bytes; of an .npz at most ${MOST_BYTES} are read. Save it as .safetensors.`); // prettier-ignore
	}
	return source.read(0, source.size, signal);
}
