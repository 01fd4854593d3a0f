/** A tensor of the last run, by its name in the graph. It stays where it lies until `read`. */
export interface NamedTensor {
	readonly name: string;
	readonly dtype: string;
	/** Sizes, outermost first; row-major. */
	readonly shape: readonly number[];
	/** The session's own buffer on the shared device, or undefined on WASM. Owned by the run: never destroy it. */
	readonly buffer: GPUBuffer | undefined;
	/** Reads it back (once; kept). Integers and booleans are converted. */
	read(): Promise<Float32Array<ArrayBuffer>>;
}

/** Whoever hands out the tensors of a run. */
export interface ReadsTensors {
	/** @throws RunError `no-such-tensor` where it was not tapped or could not be */
	tensor(name: string): Promise<NamedTensor>;
}
