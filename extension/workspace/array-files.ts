import * as vscode from 'vscode';
import type { ByteSource } from '../onnx/byte-source.ts';
import type { ArrayFile, ArrayFileContent, StoredArray } from '../protocol/files.ts';
import { ARRAY_FILE, describeArrayFile, readArrayOf } from './array-file.ts';
import { findFiles } from './find-files.ts';
import { InputError } from './input-error.ts';
import { withModelBytes } from './model-file.ts';

const MOST_FILES = 200;

/** Files with arrays that a page may read: those of the workspace, those beside its model, and those the user picked. */
export class ArrayFiles {
	private known = new Map<string, vscode.Uri>();

	async list(model: vscode.Uri): Promise<ArrayFile[]> {
		const folder = vscode.Uri.joinPath(model, '..');
		const uris = new Map<string, vscode.Uri>();
		for (const uri of await besides(folder)) uris.set(uri.toString(), uri);
		const found = await findFiles(['safetensors', 'npz'], MOST_FILES);
		for (const uri of found) uris.set(uri.toString(), uri);
		const files: ArrayFile[] = [];
		for (const uri of uris.values()) files.push(await this.remember(uri, folder));
		return files.sort(
			(a, b) => Number(b.beside) - Number(a.beside) || a.path.localeCompare(b.path),
		);
	}

	async describe(path: string, signal: AbortSignal): Promise<ArrayFileContent> {
		return this.reading(path, (source) => describeArrayFile(source, path, signal));
	}

	async read(path: string, name: string, signal: AbortSignal): Promise<StoredArray> {
		return this.reading(path, (source) => readArrayOf(source, path, name, signal));
	}

	/** The user's choice opens what lies outside of the workspace too. */
	async pick(model: vscode.Uri): Promise<ArrayFile | null> {
		const [uri] =
			(await vscode.window.showOpenDialog({
				title: vscode.l10n.t('Pick a Dictionary'),
				filters: { [vscode.l10n.t('Arrays')]: ['safetensors', 'npz'] },
				defaultUri: vscode.Uri.joinPath(model, '..'),
			})) ?? [];
		return uri ? this.remember(uri, vscode.Uri.joinPath(model, '..')) : null;
	}

	private async remember(uri: vscode.Uri, folder: vscode.Uri): Promise<ArrayFile> {
		const beside = vscode.Uri.joinPath(uri, '..').toString() === folder.toString();
		const path = beside
			? uri.path.slice(uri.path.lastIndexOf('/') + 1)
			: vscode.workspace.asRelativePath(uri);
		this.known.set(path, uri);
		const { size } = await vscode.workspace.fs.stat(uri);
		return { path, bytes: size, beside };
	}

	private async reading<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
		const uri = this.known.get(path);
		if (!uri) {
			throw new InputError(
				'unfit',
				vscode.l10n.t('{0} is none of the files that were listed.', path),
			);
		}
		return withModelBytes(uri, use);
	}
}

async function besides(folder: vscode.Uri): Promise<vscode.Uri[]> {
	const entries = await vscode.workspace.fs.readDirectory(folder);
	return entries
		.filter(([name, type]) => type !== vscode.FileType.Directory && ARRAY_FILE.test(name))
		.slice(0, MOST_FILES)
		.map(([name]) => vscode.Uri.joinPath(folder, name));
}
