import { poolsOf, type DevicePools } from './buffer-pool.ts';
import { KernelError } from './kernel-error.ts';
import poison from './poison.wgsl';
import type { BooleanSource, Dispatch, FloatSource, Recorder } from './recorder.ts';
import { isDerived, isGpuTensor } from './tensors.ts';

/** Uniforms must start at a multiple of this on every device. */
const UNIFORM_SLOT_BYTES = 256;
const UNIFORM_BUFFER_BYTES = 64 * UNIFORM_SLOT_BYTES;

/**
 * Multiply-adds after which the work so far is handed to the queue. A software adapter does about 1e9 a
 * second: a longer submission would trip the browser's watchdog. Everyday results stay under it.
 */
const SUBMISSION_WORK = 4e9;

/** Float32 elements to read back once everything recorded has run. */
export interface Output {
	readonly buffer: GPUBuffer;
	readonly length: number;
}

/** By whole source text and constants, so that no key can be forgotten when a shader changes. */
const compiled = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

function pipelineOf(
	device: GPUDevice,
	{ label, shader, constants = {} }: Dispatch,
): GPUComputePipeline {
	const known = compiled.get(device) ?? new Map<string, GPUComputePipeline>();
	compiled.set(device, known);
	const key = JSON.stringify(constants) + shader;
	const found = known.get(key);
	if (found) return found;
	const module = device.createShaderModule({ label, code: shader });
	const values = Object.entries(constants).map(([name, value]) => [name, Number(value)] as const);
	const made = device.createComputePipeline({
		label,
		layout: 'auto',
		compute: { module, constants: Object.fromEntries(values) },
	});
	known.set(key, made);
	return made;
}

/** Dispatches in order, with buffers that live as long as the result takes. */
export class Recording implements Recorder {
	readonly #pools: DevicePools;
	readonly #borrowed: GPUBuffer[] = [];
	readonly #uniforms: GPUBuffer[] = [];
	readonly #uploaded = new Map<object, GPUBuffer>();
	#uniformBytes = UNIFORM_BUFFER_BYTES;
	#encoder: GPUCommandEncoder;
	#work = 0;

	constructor(
		readonly device: GPUDevice,
		readonly label: string,
	) {
		this.#pools = poolsOf(device);
		this.#encoder = device.createCommandEncoder({ label });
	}

	/** The tensor on this device: its own buffer, or a copy of the array. */
	input(source: FloatSource | BooleanSource | Uint32Array<ArrayBuffer>): GPUBuffer {
		if (isGpuTensor(source)) return source.buffer;
		const known = this.#uploaded.get(source);
		if (known) return known;
		if (isDerived(source)) {
			const derived = source.derive(this);
			this.#uploaded.set(source, derived);
			return derived;
		}
		const buffer = this.scratch(Math.ceil(source.byteLength / 4));
		const whole = source.byteLength & ~3;
		this.device.queue.writeBuffer(buffer, 0, source.buffer, source.byteOffset, whole);
		if (whole < source.byteLength) {
			const tail = new Uint8Array(4);
			tail.set(new Uint8Array(source.buffer, source.byteOffset + whole, source.byteLength - whole));
			this.device.queue.writeBuffer(buffer, whole, tail);
		}
		this.#uploaded.set(source, buffer);
		return buffer;
	}

	/** Room for intermediate values; what it holds at first is left over. */
	scratch(elements: number): GPUBuffer {
		const bytes = Math.max(4, elements * 4);
		const limit = this.device.limits.maxStorageBufferBindingSize;
		if (bytes > limit) {
			throw new KernelError(
				'limit',
				`${this.label}: a buffer of ${bytes} bytes is needed, and this device binds at most ${limit}`,
			);
		}
		const buffer = this.#pools.storage.take(bytes);
		this.#borrowed.push(buffer);
		return buffer;
	}

	/** Room for a result, NaN until a shader writes it. */
	output(elements: number): GPUBuffer {
		const buffer = this.scratch(elements);
		const across = Math.min(elements, 2 ** 20);
		this.dispatch({
			label: `${this.label}: poison`,
			shader: poison,
			whole: [elements, across],
			buffers: [buffer],
			workgroups: [Math.ceil(across / 64), Math.ceil(elements / across)],
		});
		return buffer;
	}

	dispatch(dispatch: Dispatch): void {
		const { label, whole, real = [], buffers, workgroups, work = 0 } = dispatch;
		const pipeline = pipelineOf(this.device, dispatch);
		const pass = this.#encoder.beginComputePass({ label });
		pass.setPipeline(pipeline);
		pass.setBindGroup(
			0,
			this.device.createBindGroup({
				label,
				layout: pipeline.getBindGroupLayout(0),
				entries: [
					{ binding: 0, resource: this.#uniform(whole, real) },
					...buffers.map((buffer, at) => ({ binding: at + 1, resource: { buffer } })),
				],
			}),
		);
		pass.dispatchWorkgroups(...workgroups);
		pass.end();
		this.#work += work;
		if (this.#work > SUBMISSION_WORK) this.#submit();
	}

	/** Sets every element to zero. */
	clear(buffer: GPUBuffer): void {
		this.#encoder.clearBuffer(buffer);
	}

	/** Copies elements of float32 size; offsets and length count elements. */
	copy(from: GPUBuffer, fromAt: number, to: GPUBuffer, toAt: number, length: number): void {
		this.#encoder.copyBufferToBuffer(from, fromAt * 4, to, toAt * 4, length * 4);
	}

	/** Runs what was recorded. Call once, in the same turn of the event loop as the constructor. */
	finish(outputs: readonly Output[]): { readonly readbacks: readonly GPUBuffer[] } {
		const readbacks = outputs.map(({ buffer, length }) => {
			const readback = this.#pools.readback.take(Math.max(4, length * 4));
			this.#encoder.copyBufferToBuffer(buffer, 0, readback, 0, length * 4);
			return readback;
		});
		this.#submit();
		return { readbacks };
	}

	/** Hands the borrowed buffers back. The queue runs in order, so what is still pending is safe. */
	release(): void {
		for (const buffer of this.#borrowed.splice(0)) this.#pools.storage.give(buffer);
		for (const buffer of this.#uniforms.splice(0)) this.#pools.uniform.give(buffer);
	}

	#uniform(whole: readonly number[], real: readonly number[]): GPUBufferBinding {
		if (this.#uniformBytes === UNIFORM_BUFFER_BYTES) {
			this.#uniforms.push(this.#pools.uniform.take(UNIFORM_BUFFER_BYTES));
			this.#uniformBytes = 0;
		}
		const buffer = this.#uniforms.at(-1)!;
		const offset = this.#uniformBytes;
		const words = new Uint32Array(UNIFORM_SLOT_BYTES / 4);
		words.set(whole);
		new Float32Array(words.buffer).set(real, whole.length);
		this.device.queue.writeBuffer(buffer, offset, words);
		this.#uniformBytes += UNIFORM_SLOT_BYTES;
		return { buffer, offset, size: UNIFORM_SLOT_BYTES };
	}

	#submit(): void {
		this.device.queue.submit([this.#encoder.finish()]);
		this.#encoder = this.device.createCommandEncoder({ label: this.label });
		this.#work = 0;
	}
}

/**
 * Records dispatches with `build`, runs them in one submission and reads back the outputs it names.
 * Result buffers start as NaN; buffers are pooled and pipelines compiled once a device.
 *
 * @throws KernelError `device` with the shader compiler's or validator's own words, or when the device
 *   is lost; `limit` when a buffer is larger than the device binds
 */
export async function runKernel(
	device: GPUDevice,
	label: string,
	build: (recording: Recording) => readonly Output[],
): Promise<Float32Array<ArrayBuffer>[]> {
	device.pushErrorScope('validation');
	device.pushErrorScope('out-of-memory');
	const recording = new Recording(device, label);
	let outputs: readonly Output[];
	let readbacks: readonly GPUBuffer[];
	let problems: Promise<(GPUError | null)[]>;
	try {
		outputs = build(recording);
		({ readbacks } = recording.finish(outputs));
	} finally {
		problems = Promise.all([device.popErrorScope(), device.popErrorScope()]);
		problems.catch(() => undefined);
		recording.release();
	}
	try {
		const problem = (await problems).find((each) => each !== null);
		if (problem) {
			compiled.delete(device);
			throw new KernelError('device', `${label}: ${problem.message}`);
		}
		await Promise.all(readbacks.map((each) => each.mapAsync(GPUMapMode.READ)));
	} catch (error) {
		for (const each of readbacks) each.destroy();
		if (error instanceof KernelError) throw error;
		throw new KernelError('device', `${label}: the GPU did not finish: ${String(error)}`);
	}
	return readbacks.map((each, at) => {
		const bytes = outputs[at]!.length * 4;
		const values = new Float32Array(each.getMappedRange(0, Math.max(4, bytes)).slice(0, bytes));
		each.unmap();
		poolsOf(device).readback.give(each);
		return values;
	});
}
