import { KernelError } from './kernel-error.ts';
import type { BooleanSource, DerivedTensor, FloatSource, GpuTensor } from './recorder.ts';

export type { BooleanSource, DerivedTensor, FloatSource, GpuTensor } from './recorder.ts';

/**
 * A four-dimensional reading of a flat tensor. The element at `(b, h, t, d)` is
 * `offset + b·strides[0] + h·strides[1] + t·strides[2] + d·strides[3]`, all counted in elements.
 * A stride of 0 repeats one value along that dimension.
 */
export interface Strided<Source = FloatSource> {
	readonly data: Source;
	/** Elements before the first one used. 0 when absent. */
	readonly offset?: number;
	readonly strides: Strides;
}

export type Strides = readonly [batch: number, head: number, token: number, channel: number];
export type Sizes = readonly [batch: number, head: number, token: number, channel: number];

export function isGpuTensor(
	source: FloatSource | BooleanSource | Uint32Array<ArrayBuffer>,
): source is GpuTensor {
	return 'buffer' in source && 'mapAsync' in source.buffer;
}

export function isDerived(
	source: FloatSource | BooleanSource | Uint32Array<ArrayBuffer>,
): source is DerivedTensor {
	return 'derive' in source;
}

/**
 * Strides of a contiguous tensor whose dimensions stand in the given order, outermost first.
 *
 * @param order `BHTK` (`[B, H, T, K]`), `BTHK`, or `BHKT` as exporters write a transposed key
 */
export function contiguous(order: 'BHTK' | 'BTHK' | 'BHKT' | 'BTKH', sizes: Sizes): Strides {
	const [B, H, T, K] = sizes;
	const size = { B, H, T, K };
	const stride = { B: 0, H: 0, T: 0, K: 0 };
	let step = 1;
	for (const letter of Array.from(order).reverse() as (keyof typeof size)[]) {
		stride[letter] = step;
		step *= size[letter];
	}
	return [stride.B, stride.H, stride.T, stride.K];
}

/** A contiguous tensor read in the given order. */
export function laidOut<Source extends FloatSource | BooleanSource>(
	data: Source,
	order: Parameters<typeof contiguous>[0],
	sizes: Sizes,
): Strided<Source> {
	return { data, strides: contiguous(order, sizes) };
}

/** @throws KernelError `shape` when reading `sizes` would leave the tensor. */
export function checkReach(
	operator: string,
	name: string,
	tensor: Strided<FloatSource | BooleanSource>,
	sizes: Sizes,
): void {
	const { data, offset = 0, strides } = tensor;
	if ([offset, ...strides].some((n) => !Number.isInteger(n) || n < 0)) {
		throw new KernelError(
			'shape',
			`${operator}: the strides and offset of ${name} must be whole and not negative, got [${strides.join(', ')}] and ${offset}`,
		);
	}
	const last = sizes.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, offset);
	if (last >= data.length) {
		throw new KernelError(
			'shape',
			`${operator}: ${name} as [${sizes.join(', ')}] with strides [${strides.join(', ')}] needs ${last + 1} elements, got ${data.length}`,
		);
	}
}

/** The array behind a tensor, for work without a GPU. @throws KernelError `device` for a GPU buffer. */
export function arrayOf<Source extends FloatSource | BooleanSource>(
	operator: string,
	name: string,
	tensor: Strided<Source>,
): Exclude<Source, GpuTensor | DerivedTensor> {
	if (isGpuTensor(tensor.data) || isDerived(tensor.data)) {
		throw new KernelError('device', `${operator}: ${name} lies on a GPU, but no device was given`);
	}
	return tensor.data as Exclude<Source, GpuTensor | DerivedTensor>;
}

/** Where `(b, h, t, d)` stands in the flat tensor. */
export function indexOf(
	{ offset = 0, strides }: Strided<unknown>,
	b: number,
	h: number,
	t: number,
	d: number,
): number {
	return offset + b * strides[0] + h * strides[1] + t * strides[2] + d * strides[3];
}

/** Where a strided tensor starts, in its own elements from the start of its buffer. */
export function offsetOf({ data, offset = 0 }: Strided<FloatSource | BooleanSource>): number {
	if (!isGpuTensor(data)) return offset;
	return offset + (data.offsetBytes ?? 0) / (data.dtype === 'bool' ? 1 : 4);
}
