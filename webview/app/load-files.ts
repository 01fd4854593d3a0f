import type { ModelSummary } from '../../extension/protocol/model.ts';

/** Reads `length` bytes from `offset` of the model's file, or of a file of its folder that holds weights. */
export type ReadBytes = (
	location: string | undefined,
	offset: number,
	length: number,
	signal: AbortSignal,
) => Promise<Uint8Array>;

/** Takes a stretch of a file of `size` bytes. */
export type PutBytes = (
	location: string | undefined,
	size: number,
	offset: number,
	bytes: Uint8Array,
) => Promise<unknown>;

const RANGE_BYTES = 8 * 1024 * 1024;

/** Moves a model and its external weights in ranges, so that it can be cancelled and says how far it is. */
export async function loadFiles(
	{ bytes, external }: Pick<ModelSummary, 'bytes' | 'external'>,
	read: ReadBytes,
	put: PutBytes,
	progress: (message: string) => void,
	signal: AbortSignal,
): Promise<void> {
	const files = [
		{ location: undefined, bytes },
		...external.map((file) => ({ location: file.location, bytes: file.bytes })),
	];
	const total = files.reduce((sum, file) => sum + file.bytes, 0);
	let done = 0;
	for (const { location, bytes: size } of files) {
		for (let offset = 0; offset < size; offset += RANGE_BYTES) {
			progress(`Loading the model: ${megabytes(done)} of ${megabytes(total)} MB`);
			const part = await read(location, offset, Math.min(RANGE_BYTES, size - offset), signal);
			await put(location, size, offset, part);
			done += part.length;
		}
	}
}

function megabytes(bytes: number): string {
	return (bytes / 1e6).toFixed(1);
}
