import { unzipSync } from 'fflate';
import type { ElementType } from './element-types.ts';
import { InputError } from './input-error.ts';

/** Element types that are read; a model takes no `int16`. */
export type StoredType = ElementType | 'int16';

/** An array of a NumPy file: little-endian, row-major. */
export interface NumpyArray {
	readonly dtype: StoredType;
	readonly shape: readonly number[];
	readonly data: Uint8Array;
}

/**
 * The array `name` of an `.npz` archive.
 *
 * @param file what to call the archive in a message
 * @throws InputError `malformed`
 */
export function readNpz(bytes: Uint8Array, name: string, file: string): NumpyArray {
	let found: Record<string, Uint8Array>;
	const names: string[] = [];
	try {
		found = unzipSync(bytes, {
			filter: (entry) => {
				names.push(entry.name.replace(/\.npy$/, ''));
				return entry.name === `${name}.npy`;
			},
		});
	} catch (error) {
		throw new InputError('malformed', `${file} is not an .npz archive: ${String(error)}`);
	}
	const array = found[`${name}.npy`];
	if (!array)
		throw new InputError(
			'malformed',
			`${file} holds no array named ${name}; it has ${names.join(', ') || 'none'}`,
		);
	return readNpy(array, `${file}, array ${name}`);
}

/** Names, element types and sizes of an archive's arrays. @throws InputError `malformed` */
export function listNpz(
	bytes: Uint8Array,
	file: string,
): { name: string; dtype: string; shape: number[] }[] {
	let found: Record<string, Uint8Array>;
	try {
		found = unzipSync(bytes, { filter: ({ name }) => name.endsWith('.npy') });
	} catch (error) {
		throw new InputError('malformed', `${file} is not an .npz archive: ${String(error)}`);
	}
	return Object.entries(found).flatMap(([path, content]) => {
		const name = path.replace(/\.npy$/, '');
		try {
			const { dtype, shape } = readNpy(content, `${file}, array ${name}`);
			return [{ name, dtype, shape: [...shape] }];
		} catch (error) {
			// an array of texts or objects beside numbers is no reason to refuse those
			if (error instanceof InputError) return [];
			throw error;
		}
	});
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const kinds: Readonly<Record<string, StoredType>> = {
	f4: 'float32',
	f8: 'float64',
	f2: 'float16',
	i8: 'int64',
	i4: 'int32',
	i2: 'int16',
	i1: 'int8',
	u1: 'uint8',
	b1: 'bool',
};

/**
 * One `.npy` array, format versions 1 to 3.
 *
 * @throws InputError `malformed` where it is not one, has another element type, or is not as long as its shape says
 */
export function readNpy(bytes: Uint8Array, where: string): NumpyArray {
	const refuse = (what: string): never => {
		throw new InputError('malformed', `${where}: ${what}`);
	};
	if (bytes.length < 12 || magic.some((byte, i) => bytes[i] !== byte))
		refuse('expected a NumPy array, and the first bytes are something else');
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const long = bytes[6]! >= 2;
	const start = long ? 12 : 10;
	const end = start + (long ? view.getUint32(8, true) : view.getUint16(8, true));
	if (end > bytes.length) refuse('the header is cut off');
	const header = new TextDecoder('latin1').decode(bytes.subarray(start, end));
	const described = /'descr':\s*'([<|>=]?)(\w+)'/.exec(header);
	const dtype = kinds[described?.[2] ?? ''];
	const shape = /'shape':\s*\(([\d,\sL]*)\)/.exec(header)?.[1];
	if (!described || !dtype || described[1] === '>')
		return refuse(
			`expected little-endian ${Object.keys(kinds).join(', ')}, got ${described?.[0] ?? header}`,
		);
	if (shape === undefined) return refuse(`no shape in the header ${header}`);
	if (/'fortran_order':\s*True/.test(header))
		refuse('expected rows first (C order), got Fortran order: save np.ascontiguousarray(array)');
	const sizes = shape
		.split(',')
		.map((size) => size.trim().replace(/L$/, ''))
		.filter((size) => size !== '')
		.map(Number);
	const data = bytes.slice(end);
	const wanted = sizes.reduce((a, b) => a * b, Number(described[2]!.slice(1)));
	if (data.length !== wanted)
		refuse(`expected ${wanted} bytes for shape [${sizes.join(', ')}], got ${data.length}`);
	return { dtype, shape: sizes, data };
}
