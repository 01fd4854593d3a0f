/** Bytes that may wait for their next use; what comes back beyond that is destroyed. */
const KEPT_BYTES = 64 * 2 ** 20;
const SMALLEST_BYTES = 256;

/** Buffers of one device and one usage, kept for re-use in sizes that are powers of two. */
class BufferPool {
	readonly #free = new Map<number, GPUBuffer[]>();
	#keptBytes = 0;

	constructor(
		private readonly device: GPUDevice,
		private readonly usage: GPUBufferUsageFlags,
	) {}

	/** A buffer of at least `bytes`; what it holds is left over. */
	take(bytes: number): GPUBuffer {
		const size = Math.max(SMALLEST_BYTES, 2 ** Math.ceil(Math.log2(bytes)));
		const waiting = this.#free.get(size)?.pop();
		if (waiting) {
			this.#keptBytes -= size;
			return waiting;
		}
		return this.device.createBuffer({ label: 'attnscope pool', size, usage: this.usage });
	}

	give(buffer: GPUBuffer): void {
		if (this.#keptBytes + buffer.size > KEPT_BYTES) {
			buffer.destroy();
			return;
		}
		this.#keptBytes += buffer.size;
		const waiting = this.#free.get(buffer.size) ?? [];
		waiting.push(buffer);
		this.#free.set(buffer.size, waiting);
	}
}

export interface DevicePools {
	readonly storage: BufferPool;
	readonly readback: BufferPool;
	readonly uniform: BufferPool;
}

const pools = new WeakMap<GPUDevice, DevicePools>();

export function poolsOf(device: GPUDevice): DevicePools {
	const known = pools.get(device);
	if (known) return known;
	const made = {
		storage: new BufferPool(
			device,
			GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
		),
		readback: new BufferPool(device, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST),
		uniform: new BufferPool(device, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST),
	};
	pools.set(device, made);
	return made;
}
