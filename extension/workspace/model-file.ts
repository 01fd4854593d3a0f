import * as vscode from 'vscode';
import type { ByteSource } from '../onnx/byte-source.ts';
import { bytesSource } from '../onnx/bytes-source.ts';
import { fileSource } from '../onnx/file-source.ts';

/** What tells one state of a file from the next: its size and when it was last written. */
export async function versionOf(uri: vscode.Uri): Promise<string> {
	const { size, mtime } = await vscode.workspace.fs.stat(uri);
	return `${size.toString(36)}-${mtime.toString(36)}`;
}

/**
 * Reads a model for as long as `use` runs. A file on disk is read in ranges and closed again; of any other file system
 * VS Code can give whole files only.
 */
export async function withModelBytes<T>(
	uri: vscode.Uri,
	use: (source: ByteSource) => Promise<T>,
): Promise<T> {
	if (uri.scheme !== 'file') return await use(bytesSource(await virtualFiles.read(uri)));
	const source = await fileSource(uri.fsPath);
	try {
		return await use(source);
	} finally {
		await source.close();
	}
}

/** A page asks for a model in many ranges: the last whole file is kept while they come. */
class LastVirtualFile {
	private kept: { readonly key: string; readonly bytes: Promise<Uint8Array> } | undefined;
	private timer: NodeJS.Timeout | undefined;

	async read(uri: vscode.Uri): Promise<Uint8Array> {
		const key = `${uri.toString()} ${await versionOf(uri)}`;
		if (this.kept?.key !== key)
			this.kept = { key, bytes: Promise.resolve(vscode.workspace.fs.readFile(uri)) };
		clearTimeout(this.timer);
		this.timer = setTimeout(() => (this.kept = undefined), 30_000).unref();
		return await this.kept.bytes;
	}
}

const virtualFiles = new LastVirtualFile();
