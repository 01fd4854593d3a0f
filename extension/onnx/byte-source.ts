/** A file read in pieces, so that listing a graph never loads its weights. */
export interface ByteSource {
	/** Bytes. */
	readonly size: number;
	/**
	 * Exactly `length` bytes from `offset`.
	 * @throws FormatError `truncated` where the file ends before
	 */
	read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
}

/** A file is not what it should be; `at` is the byte offset where that showed. */
export class FormatError extends Error {
	override readonly name = 'FormatError';
	constructor(
		readonly reason: 'truncated' | 'unsupported' | 'inconsistent',
		readonly at: number,
		message: string,
	) {
		super(`${message} (byte ${at})`);
	}
}
