/** A tensor that lies on the same `GPUDevice`, owned by someone else (a session): read, never destroyed. */
export interface GpuTensor {
	/** Created with usage STORAGE. */
	readonly buffer: GPUBuffer;
	/** Where the tensor starts; a multiple of 4. 0 when absent. */
	readonly offsetBytes?: number;
	/** Number of elements. */
	readonly length: number;
	/** How an element is stored; `bool` is one byte. `float32` when absent. */
	readonly dtype?: 'float32' | 'bool';
}

/** A tensor that shaders make from others, once for each result that reads it. */
export interface DerivedTensor {
	readonly length: number;
	/** Records those shaders and gives the buffer that they fill. */
	derive(recording: Recorder): GPUBuffer;
}

export type FloatSource = Float32Array<ArrayBuffer> | GpuTensor | DerivedTensor;
/** One byte an element, zero or not. */
export type BooleanSource = Uint8Array<ArrayBuffer> | GpuTensor;

/** Records dispatches on one device, and lends them buffers that live as long as the result takes. */
export interface Recorder {
	/** The operator's folder name. */
	readonly label: string;
	/** The tensor on this device: its own buffer, or a copy of the array. */
	input(source: FloatSource | BooleanSource | Uint32Array<ArrayBuffer>): GPUBuffer;
	/** Room for intermediate float32 values; what it holds at first is left over. */
	scratch(elements: number): GPUBuffer;
	dispatch(dispatch: Dispatch): void;
}

/** One dispatch of a compute shader with entry point `main`. */
export interface Dispatch {
	/** Shown in GPU error messages and captures: operator and step. */
	readonly label: string;
	readonly shader: string;
	/** Values of the shader's `override` constants: branches on them are compiled away. */
	readonly constants?: Readonly<Record<string, boolean | number>>;
	/** The uniform at binding 0: vec4u fields, then u32 scalars, then f32 scalars. */
	readonly whole: readonly number[];
	readonly real?: readonly number[];
	/** Bound at 1, 2, … in this order. */
	readonly buffers: readonly GPUBuffer[];
	readonly workgroups: readonly [x: number, y?: number, z?: number];
	/** Multiply-adds, roughly. */
	readonly work?: number;
}
