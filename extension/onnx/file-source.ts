import { readSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { FormatError, type ByteSource } from './byte-source.ts';

/** Up to here a read from the system's cache (4 µs) is over before the thread pool has answered (60 µs). */
const SMALL_READ_BYTES = 16 * 1024;
/** Milliseconds that may be waited in place for one file in all: it lies in no cache if that is used up. */
const PATIENCE_MS = 40;

/** A file of the file system, of any size; whoever opens it closes it. */
export class FileSource implements ByteSource {
	private waitedMs = 0;

	constructor(
		private readonly handle: FileHandle,
		readonly size: number,
		private readonly path: string,
	) {}

	async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
		signal?.throwIfAborted();
		if (offset < 0 || length > this.size - offset) {
			const had = `${this.path} has ${this.size}`;
			const expected = `Expected ${length} bytes from byte ${offset}, but ${had}`;
			throw new FormatError('truncated', this.size, expected);
		}
		const bytes = new Uint8Array(length);
		let filled = 0;
		while (filled < length) {
			const count = await this.readSome(bytes, filled, offset + filled);
			signal?.throwIfAborted();
			if (count === 0) {
				const shrank = `${this.path} became shorter while it was read`;
				throw new FormatError('truncated', offset + filled, shrank);
			}
			filled += count;
		}
		return bytes;
	}

	close(): Promise<void> {
		return this.handle.close();
	}

	private async readSome(bytes: Uint8Array, filled: number, position: number): Promise<number> {
		const length = bytes.length - filled;
		try {
			if (this.waitedMs > PATIENCE_MS || length > SMALL_READ_BYTES) {
				return (await this.handle.read(bytes, filled, length, position)).bytesRead;
			}
			const started = performance.now();
			const count = readSync(this.handle.fd, bytes, filled, length, position);
			this.waitedMs += performance.now() - started;
			return count;
		} catch (error) {
			const why = error instanceof Error ? error.message : String(error);
			throw new FormatError('truncated', position, `${this.path} could not be read: ${why}`);
		}
	}
}

/** Opens a file for ranged reads. Fails as Node does where there is no such file. */
export async function fileSource(path: string): Promise<FileSource> {
	const handle = await open(path, 'r');
	try {
		return new FileSource(handle, (await handle.stat()).size, path);
	} catch (error) {
		await handle.close();
		throw error;
	}
}
