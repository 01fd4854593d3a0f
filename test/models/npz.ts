import { unzipSync } from 'fflate';

export interface NumpyArray {
	readonly shape: readonly number[];
	/** Row-major. int16 and int64 are widened to numbers: the samples' token ids are small. */
	readonly data: Float32Array | number[];
}

/** The arrays of a NumPy `.npz` archive by name, for what the samples store: `<f4`, `<i2` and `<i8`, row-major. */
export function readNpz(bytes: Uint8Array): ReadonlyMap<string, NumpyArray> {
	const arrays = new Map<string, NumpyArray>();
	for (const [file, content] of Object.entries(unzipSync(bytes))) {
		arrays.set(file.replace(/\.npy$/, ''), readNpy(content, file));
	}
	return arrays;
}

function readNpy(content: Uint8Array, file: string): NumpyArray {
	const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
	const wide = content[6]! > 1;
	const start = (wide ? 12 : 10) + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
	const header = new TextDecoder().decode(content.subarray(wide ? 12 : 10, start));
	const type = /'descr': '([^']+)'/.exec(header)?.[1];
	const shape = /'shape': \(([^)]*)\)/.exec(header)?.[1];
	if (type === undefined || shape === undefined || header.includes("'fortran_order': True")) {
		throw new Error(`${file}: expected a row-major NumPy array, found ${header.trim()}`);
	}
	const sizes = shape
		.split(',')
		.filter((part) => part.trim() !== '')
		.map(Number);
	const count = sizes.reduce((product, size) => product * size, 1);
	return { shape: sizes, data: readNumbers(view, start, count, type, file) };
}

function readNumbers(view: DataView, start: number, count: number, type: string, file: string) {
	if (type === '<f4') {
		return Float32Array.from({ length: count }, (_, i) => view.getFloat32(start + 4 * i, true));
	}
	if (type === '<i2') {
		return Array.from({ length: count }, (_, i) => view.getInt16(start + 2 * i, true));
	}
	if (type === '<i8') {
		return Array.from({ length: count }, (_, i) => Number(view.getBigInt64(start + 8 * i, true)));
	}
	throw new Error(`${file}: expected <f4, <i2 or <i8, found ${type}`);
}
