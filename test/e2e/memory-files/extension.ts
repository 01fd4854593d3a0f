import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';

/** Serves `memory:/…` from a copy of a folder that is made at the start, as a repository opened without a clone would. */
export function activate(context: vscode.ExtensionContext): void {
	const source = vscode.workspace.getConfiguration('memoryFiles').get<string>('source');
	if (source === undefined) throw new Error('memoryFiles.source is not set');
	context.subscriptions.push(
		vscode.workspace.registerFileSystemProvider('memory', new MemoryFiles(source), {
			isReadonly: true,
		}),
	);
}

class MemoryFiles implements vscode.FileSystemProvider {
	private readonly files = new Map<string, Uint8Array>();
	private readonly folders = new Map<string, [string, vscode.FileType][]>();
	private readonly changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
	readonly onDidChangeFile = this.changed.event;

	constructor(source: string) {
		this.take(source, '/samples');
		this.folders.set('/', [['samples', vscode.FileType.Directory]]);
	}

	watch(): vscode.Disposable {
		return new vscode.Disposable(() => undefined);
	}

	stat({ path }: vscode.Uri): vscode.FileStat {
		const file = this.files.get(path);
		if (!file && !this.folders.has(path)) throw vscode.FileSystemError.FileNotFound(path);
		const type = file ? vscode.FileType.File : vscode.FileType.Directory;
		return { type, ctime: 0, mtime: 0, size: file?.length ?? 0 };
	}

	readDirectory({ path }: vscode.Uri): [string, vscode.FileType][] {
		const entries = this.folders.get(path);
		if (!entries) throw vscode.FileSystemError.FileNotFound(path);
		return entries;
	}

	readFile({ path }: vscode.Uri): Uint8Array {
		const file = this.files.get(path);
		if (!file) throw vscode.FileSystemError.FileNotFound(path);
		return file;
	}

	createDirectory(): never {
		throw vscode.FileSystemError.NoPermissions();
	}

	writeFile(): never {
		throw vscode.FileSystemError.NoPermissions();
	}

	delete(): never {
		throw vscode.FileSystemError.NoPermissions();
	}

	rename(): never {
		throw vscode.FileSystemError.NoPermissions();
	}

	private take(from: string, to: string): void {
		const names = readdirSync(from);
		this.folders.set(
			to,
			names.map((name) => {
				const isFolder = statSync(join(from, name)).isDirectory();
				if (isFolder) this.take(join(from, name), `${to}/${name}`);
				else this.files.set(`${to}/${name}`, new Uint8Array(readFileSync(join(from, name))));
				return [name, isFolder ? vscode.FileType.Directory : vscode.FileType.File];
			}),
		);
	}
}
