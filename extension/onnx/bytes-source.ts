import { FormatError, type ByteSource } from './byte-source.ts';

/** A model that is in memory already; what it answers are views, not copies. */
export function bytesSource(bytes: Uint8Array): ByteSource {
	return {
		size: bytes.length,
		async read(offset, length, signal) {
			await Promise.resolve();
			signal?.throwIfAborted();
			if (offset < 0 || length > bytes.length - offset) {
				throw new FormatError(
					'truncated',
					bytes.length,
					`Expected ${length} bytes from byte ${offset}, but there are ${bytes.length} in all`,
				);
			}
			return bytes.subarray(offset, offset + length);
		},
	};
}
