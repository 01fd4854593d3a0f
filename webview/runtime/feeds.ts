import type { Tensor, TensorConstructor } from 'onnxruntime-web';
import type { InputTensor, ModelInput } from '../../extension/protocol/run.ts';
import type { Override } from '../view-api/view.ts';
import { RunError } from './run-error.ts';

const arrays = {
	float32: Float32Array,
	float64: Float64Array,
	float16: Uint16Array,
	int64: BigInt64Array,
	int32: Int32Array,
	int8: Int8Array,
	uint8: Uint8Array,
	bool: Uint8Array,
} as const;

/**
 * What the session is fed, one tensor an input.
 * @throws RunError `input` where the bytes are not as many as the shape says
 */
export function toFeeds(make: TensorConstructor, input: ModelInput): Record<string, Tensor> {
	return Object.fromEntries(input.tensors.map((tensor) => [tensor.name, toTensor(make, tensor)]));
}

function toTensor(make: TensorConstructor, { name, dtype, shape, data }: InputTensor): Tensor {
	const array = arrays[dtype];
	const length = shape.reduce((product, size) => product * size, 1);
	if (data.byteLength !== length * array.BYTES_PER_ELEMENT) {
		throw new RunError(
			'input',
			`Input "${name}" of shape [${shape.join(', ')}] and type ${dtype} needs ${length * array.BYTES_PER_ELEMENT} bytes, got ${data.byteLength}.`,
		);
	}
	// a copy: the bytes may start at an offset that the element type does not allow
	const values = new array(data.slice().buffer);
	return new make(dtype, values as Tensor.DataType & Float32Array, shape);
}

/**
 * Values for a tensor in the middle of the graph, in its own element type.
 * @throws RunError `input` where their number or the type does not fit
 */
export function toOverride(
	make: TensorConstructor,
	{ tensor, dtype, shape, values }: Override,
): Tensor {
	const length = shape.reduce((product, size) => product * size, 1);
	if (values.length !== length) {
		throw new RunError(
			'input',
			`The values for "${tensor}" of shape [${shape.join(', ')}] must be ${length}, got ${values.length}.`,
		);
	}
	switch (dtype) {
		case 'float32':
			return new make('float32', values, shape);
		case 'int64':
			return new make(
				'int64',
				BigInt64Array.from(values, (value) => BigInt(Math.round(value))),
				shape,
			);
		case 'int32':
			return new make('int32', Int32Array.from(values), shape);
		case 'bool':
			return new make(
				'bool',
				Uint8Array.from(values, (value) => (value === 0 ? 0 : 1)),
				shape,
			);
		default:
			throw new RunError('input', `"${tensor}" is of type ${dtype}, which cannot be replaced.`);
	}
}

/** What to write on the token axes: the input's words, else the ids of its first integer tensor. */
export function tokensOf(input: ModelInput): string[] {
	if (input.tokens.length > 0) return input.tokens;
	const ids = input.tensors.find(({ dtype, shape }) => dtype === 'int64' && shape.length === 2);
	if (!ids) return [];
	const values = new BigInt64Array(ids.data.slice().buffer);
	return Array.from(values.subarray(0, ids.shape[1]), String);
}

/** Sixteen hex digits that change with any byte of the input. */
export async function hashInput(input: ModelInput): Promise<string> {
	const parts = input.tensors.flatMap(({ name, dtype, shape, data }) => [
		new TextEncoder().encode(`${name}:${dtype}:${shape.join('x')}`),
		data,
	]);
	const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		joined.set(part, at);
		at += part.length;
	}
	const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', joined));
	return Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
