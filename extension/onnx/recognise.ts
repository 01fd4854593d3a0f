const text = new TextDecoder('latin1');

interface Kind {
	readonly what: string;
	readonly fits: (head: string) => boolean;
}

/** Files that are often taken for ONNX, with what to do about it. */
const kinds: readonly Kind[] = [
	{
		what: 'a Git LFS pointer: the model itself was not fetched; run `git lfs pull`',
		fits: (head) => head.startsWith('version https://git-lfs'),
	},
	{
		what: 'a model in the ORT format: open the .onnx file that it was made from',
		fits: (head) => head.slice(4, 8) === 'ORTM',
	},
	{
		what: 'a TensorFlow Lite model: convert it to ONNX first',
		fits: (head) => head.slice(4, 8) === 'TFL3',
	},
	{
		what: 'ONNX as JSON: save it in the binary form',
		fits: (head) => /^\s*\{\s*["}]/.test(head),
	},
	{
		what: 'ONNX as text: save it in the binary form',
		fits: (head) =>
			/^\s*(<\s*)?(ir_version|opset_import|producer_name|graph|functions)\s*[:{]/.test(head),
	},
	{ what: 'a web page, not a model', fits: (head) => /^\s*<(!doctype|html|\?xml)/i.test(head) },
	{
		what: 'a zip archive, perhaps a PyTorch checkpoint: export the model to ONNX first',
		fits: (head) => head.startsWith('PK\x03\x04'),
	},
	{ what: 'compressed with gzip: unpack it first', fits: (head) => head.startsWith('\x1f\x8b') },
	{
		what: 'a Python pickle: export the model to ONNX first',
		fits: (head) => head.startsWith('\x80') && head.charCodeAt(1) <= 5,
	},
	{
		what: 'an HDF5 file: export the model to ONNX first',
		fits: (head) => head.startsWith('\x89HDF'),
	},
	{ what: 'a GGUF file: export the model to ONNX first', fits: (head) => head.startsWith('GGUF') },
	{
		what: 'a safetensors file, which has weights but no graph: export the model to ONNX first',
		fits: (head) => /^.{8}\{"/s.test(head),
	},
];

/** How many bytes `recogniseOther` looks at. */
export const RECOGNISED_BYTES = 64;

/** What a file is that is not ONNX in its binary form, in words; null where it may be. */
export function recogniseOther(head: Uint8Array): string | null {
	const letters = text.decode(head.subarray(0, RECOGNISED_BYTES));
	return kinds.find(({ fits }) => fits(letters))?.what ?? null;
}
