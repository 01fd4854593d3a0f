/** Element types by their number in `TensorProto.DataType`, in numpy's words. */
const NAMES = [
	'undefined',
	'float32',
	'uint8',
	'int8',
	'uint16',
	'int16',
	'int32',
	'int64',
	'string',
	'bool',
	'float16',
	'float64',
	'uint32',
	'uint64',
	'complex64',
	'complex128',
	'bfloat16',
	'float8e4m3fn',
	'float8e4m3fnuz',
	'float8e5m2',
	'float8e5m2fnuz',
	'uint4',
	'int4',
	'float4e2m1',
	'float8e8m0',
	'uint2',
	'int2',
] as const;

/** `float32` for 1; `unknown(99)` for a number that no version of ONNX gives a meaning. */
export function dtypeName(number: number): string {
	return NAMES[number] ?? `unknown(${number})`;
}

/** The number of an element type, or undefined where there is no such type. */
export function dtypeNumber(name: string): number | undefined {
	const number = NAMES.findIndex((known) => known === name);
	return number > 0 ? number : undefined;
}
