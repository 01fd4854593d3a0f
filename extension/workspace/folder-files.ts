import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileSource } from '../onnx/file-source.ts';
import type { ByteSource } from '../onnx/byte-source.ts';
import type { ArrayFile, ArrayFileContent, StoredArray } from '../protocol/files.ts';
import { ARRAY_FILE, describeArrayFile, readArrayOf } from './array-file.ts';
import { InputError } from './input-error.ts';

/** Files with arrays in one folder of the file system, for where there is no editor. Nothing can be picked. */
export class FolderFiles {
	constructor(private readonly folder: string) {}

	async list(): Promise<ArrayFile[]> {
		const names = (await readdir(this.folder)).filter((name) => ARRAY_FILE.test(name)).sort();
		return Promise.all(
			names.map(async (path) => {
				const { size } = await stat(join(this.folder, path));
				return { path, bytes: size, beside: true };
			}),
		);
	}

	describe(path: string): Promise<ArrayFileContent> {
		return this.reading(path, (source) => describeArrayFile(source, path));
	}

	read(path: string, name: string): Promise<StoredArray> {
		return this.reading(path, (source) => readArrayOf(source, path, name));
	}

	pick(): Promise<null> {
		return Promise.resolve(null);
	}

	private async reading<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
		const known = await this.list();
		if (!known.some((file) => file.path === path)) {
			throw new InputError('unfit', `${path} is none of the files with arrays beside the model: ${known.map((file) => file.path).join(', ')}`); // prettier-ignore
		}
		const source = await fileSource(join(this.folder, path));
		try {
			return await use(source);
		} finally {
			await source.close();
		}
	}
}
