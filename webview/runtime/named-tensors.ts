import type { Tensor } from 'onnxruntime-web';
import type { NamedTensor } from '../view-api/named-tensor.ts';
import { RunError } from './run-error.ts';

/** The tensors of one run by their names in the graph; they live until the next run of the session. */
export class NamedTensors {
	private readonly tensors = new Map<string, Tensor>();
	private readonly named = new Map<string, NamedTensor>();

	/** Takes ownership of `tensor`. */
	add(name: string, tensor: Tensor): void {
		this.tensors.set(name, tensor);
		this.named.set(name, wrap(name, tensor));
	}

	names(): string[] {
		return [...this.named.keys()];
	}

	/** @throws RunError `no-such-tensor` */
	get(name: string): NamedTensor {
		const found = this.named.get(name);
		if (!found) {
			throw new RunError('no-such-tensor', `The last run did not read the tensor "${name}".`);
		}
		return found;
	}

	dispose(): void {
		for (const tensor of this.tensors.values()) tensor.dispose();
		this.tensors.clear();
		this.named.clear();
	}
}

function wrap(name: string, tensor: Tensor): NamedTensor {
	let values: Promise<Float32Array<ArrayBuffer>> | undefined;
	return {
		name,
		dtype: tensor.type,
		shape: tensor.dims,
		// taken now: once its values were read back, the tensor no longer hands its buffer out
		buffer:
			tensor.location === 'gpu-buffer' && tensor.type === 'float32' ? tensor.gpuBuffer : undefined,
		read: () => (values ??= tensor.getData().then((data) => toFloat32(data, tensor.type))),
	};
}

function toFloat32(data: Tensor.DataType, type: string): Float32Array<ArrayBuffer> {
	if (data instanceof Float32Array) return data as Float32Array<ArrayBuffer>;
	if (type === 'float16' && data instanceof Uint16Array) return Float32Array.from(data, fromHalf);
	return Float32Array.from(data as ArrayLike<number | bigint>, Number);
}

/** IEEE 754 binary16, as its bits. */
function fromHalf(bits: number): number {
	const sign = bits & 0x8000 ? -1 : 1;
	const exponent = (bits >> 10) & 0x1f;
	const fraction = bits & 0x3ff;
	if (exponent === 0) return sign * 2 ** -24 * fraction;
	if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
	return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}
