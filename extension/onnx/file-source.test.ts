import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileSource, type FileSource } from './file-source.ts';

describe('a model file', () => {
	let folder = '';
	let source: FileSource | undefined;
	const file = () => join(folder, 'model.onnx');
	const bytesOf = (length: number) => Uint8Array.from({ length }, (_, i) => i % 251);

	beforeEach(async () => {
		folder = await mkdtemp(join(tmpdir(), 'attnscope-'));
	});
	afterEach(async () => {
		await source?.close();
		source = undefined;
		await rm(folder, { recursive: true });
	});

	it.each([
		['few', 100, 7],
		['many', 50_000, 40_000],
	])('gives exactly the bytes asked for, be they %s', async (_many, offset, length) => {
		const bytes = bytesOf(100_000);
		await writeFile(file(), bytes);
		source = await fileSource(file());
		const read = await source.read(offset, length);
		expect(read.constructor).toBe(Uint8Array);
		expect(Buffer.compare(read, bytes.subarray(offset, offset + length))).toBe(0);
	});

	it('is read beyond two and four gigabytes', async () => {
		const far = 2 ** 32 + 10;
		const handle = await open(file(), 'w');
		await handle.write(Uint8Array.of(1, 2, 3), 0, 3, far);
		await handle.close();
		source = await fileSource(file());
		expect(source.size).toBe(far + 3);
		expect(Array.from(await source.read(far, 3))).toEqual([1, 2, 3]);
	});

	it('says where it ends', async () => {
		await writeFile(file(), bytesOf(10));
		source = await fileSource(file());
		await expect(source.read(8, 3)).rejects.toMatchObject({ reason: 'truncated', at: 10 });
	});

	it('says when it became shorter', async () => {
		await writeFile(file(), bytesOf(100));
		source = await fileSource(file());
		await truncate(file(), 50);
		await expect(source.read(40, 20)).rejects.toThrow(
			/became shorter while it was read \(byte 50\)/,
		);
	});

	it('is left at once when its reader gives up', async () => {
		await writeFile(file(), bytesOf(10));
		source = await fileSource(file());
		await expect(source.read(0, 5, AbortSignal.abort())).rejects.toThrow(/abort/i);
	});

	it('that is not there fails as the system says', async () => {
		await expect(fileSource(file())).rejects.toMatchObject({ code: 'ENOENT' });
	});

	it('that is a folder is refused in our words', async () => {
		source = await fileSource(folder);
		await expect(source.read(0, 1)).rejects.toThrow(/could not be read: EISDIR/);
	});
});
