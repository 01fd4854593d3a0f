/** One tensor of a `.safetensors` file, as whole numbers. */
export interface StoredTensor {
	readonly shape: readonly number[];
	readonly data: Int8Array | Uint8Array | Int16Array;
}

interface Entry {
	readonly dtype: string;
	readonly shape: number[];
	readonly data_offsets: [number, number];
}

/** Reads the tensors of type I8, U8 and I16 by name: what `samples/superposed-and` stores its code in. */
export function readSafetensors(bytes: Uint8Array): ReadonlyMap<string, StoredTensor> {
	const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
	const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
	const tensors = new Map<string, StoredTensor>();
	for (const [name, entry] of Object.entries(JSON.parse(text) as Record<string, Entry>)) {
		if (name === '__metadata__') continue;
		const [from, to] = entry.data_offsets;
		const content = new Uint8Array(bytes.subarray(8 + length + from, 8 + length + to)).buffer;
		tensors.set(name, { shape: entry.shape, data: view(content, entry.dtype, name) });
	}
	return tensors;
}

function view(content: ArrayBuffer, dtype: string, name: string): StoredTensor['data'] {
	if (dtype === 'I8') return new Int8Array(content);
	if (dtype === 'U8') return new Uint8Array(content);
	if (dtype === 'I16') return new Int16Array(content);
	throw new Error(`${name}: expected I8, U8 or I16, found ${dtype}`);
}
