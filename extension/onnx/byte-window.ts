import { FormatError, type ByteSource } from './byte-source.ts';

/** Bytes read after a seek: a tensor's header and the small tensors behind it, not the weights in between. */
const LEAST_AHEAD = 2 * 1024;
/** Bytes read when the walk goes on without seeking: few reads for graphs of many nodes. */
const MOST_AHEAD = 256 * 1024;

/** The stretch of a file that is in memory now. It moves with the walk and grows while nothing is skipped. */
export class ByteWindow {
	/** Bytes read so far, those read twice counted twice. */
	bytesRead = 0;
	private bytes: Uint8Array = new Uint8Array(0);
	private base = 0;
	private ahead = LEAST_AHEAD;

	constructor(
		private readonly source: ByteSource,
		private readonly signal?: AbortSignal,
	) {}

	get size(): number {
		return this.source.size;
	}

	holds(offset: number, length: number): boolean {
		return offset >= this.base && offset + length <= this.base + this.bytes.length;
	}

	/**
	 * Brings `length` bytes from `offset` into the window.
	 * @throws FormatError `truncated` where the file ends before; the signal's reason when aborted
	 */
	async load(offset: number, length: number): Promise<void> {
		if (this.holds(offset, length)) return;
		this.signal?.throwIfAborted();
		const left = this.source.size - offset;
		if (length > left) {
			throw new FormatError(
				'truncated',
				this.source.size,
				`The file ends after ${Math.max(left, 0)} of ${length} bytes expected at byte ${offset}`,
			);
		}
		const goesOn = offset >= this.base && offset <= this.base + this.bytes.length;
		this.ahead = goesOn ? Math.min(this.ahead * 2, MOST_AHEAD) : LEAST_AHEAD;
		const wanted = Math.min(Math.max(length, this.ahead), left);
		this.bytes = await this.source.read(offset, wanted, this.signal);
		this.base = offset;
		this.bytesRead += wanted;
	}

	/** One byte that the window holds. */
	at(offset: number): number {
		return this.bytes[offset - this.base]!;
	}

	/** A view of bytes that the window holds; good until the next load. */
	view(offset: number, length: number): Uint8Array {
		const start = offset - this.base;
		return this.bytes.subarray(start, start + length);
	}
}
