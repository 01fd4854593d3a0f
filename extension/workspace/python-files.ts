import { createHash } from 'node:crypto';
import * as vscode from 'vscode';
import type { PythonFile } from '../source/python-file.ts';
import { Debounce } from './debounce.ts';
import { Disposables } from './disposables.ts';
import { findFiles } from './find-files.ts';

const mostFiles = 2000;
/** Where tools leave copies of code that stands elsewhere too. */
const outputs = ['build', 'dist'];
const mostBytes = 1_000_000;

/** The Python files that model code may stand in: those of the workspace, and those beside a model outside of it. */
export class PythonFiles {
	private readonly disposables = new Disposables();
	private readonly texts = new Map<string, Promise<string>>();
	private readonly changed = this.disposables.add(new vscode.EventEmitter<void>());
	private readonly watched = new Set<string>();
	private found: Promise<readonly vscode.Uri[]> | undefined;

	/** Some Python changed: on disk, or as it is typed. */
	readonly onDidChange = this.changed.event;
	private readonly tell = this.disposables.add(new Debounce(400, () => this.changed.fire()));

	constructor() {
		this.disposables.add(
			vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
				if (document.languageId === 'python' && contentChanges.length > 0) this.tell.call();
			}),
		);
		this.disposables.add(
			vscode.workspace.onDidCloseTextDocument(({ languageId, uri }) => {
				if (languageId !== 'python') return;
				// what was typed and not saved is gone, and what was saved is other than what was read before
				this.texts.delete(uri.toString());
				this.tell.call();
			}),
		);
		const { onDidOpenNotebookDocument, onDidCloseNotebookDocument, onDidChangeNotebookDocument } =
			vscode.workspace;
		for (const event of [onDidOpenNotebookDocument, onDidCloseNotebookDocument])
			this.disposables.add(event(() => this.tell.call()));
		this.disposables.add(
			onDidChangeNotebookDocument(({ contentChanges }) => {
				if (contentChanges.length > 0) this.tell.call();
			}),
		);
	}

	/** All that may hold the code of `model`. */
	async near(model: vscode.Uri): Promise<PythonFile[]> {
		const outside = vscode.workspace.getWorkspaceFolder(model) === undefined;
		const folder = vscode.Uri.joinPath(model, '..');
		if (outside) this.watch(folder);
		const beside = outside ? await pythonIn(folder) : [];
		const uris = [...(await this.inWorkspace()), ...beside];
		const unique = new Map(uris.map((uri) => [uri.toString(), uri]));
		const read = await Promise.all(
			[...unique.values()].map(async (uri) => ({
				uri: uri.toString(),
				text: await this.text(uri),
			})),
		);
		return [...read.filter(({ text }) => text !== ''), ...notebookCells()];
	}

	/** What changes with the text of a file, by its uri; cells of notebooks that are closed have none. */
	async fingerprints(uris: readonly string[]): Promise<Record<string, string>> {
		const found: Record<string, string> = {};
		for (const uri of new Set(uris))
			if (!isCell(uri) || openText(uri) !== undefined)
				found[uri] = createHash('sha1')
					.update(await this.text(vscode.Uri.parse(uri)))
					.digest('hex');
		return found;
	}

	dispose(): void {
		this.disposables.dispose();
	}

	private inWorkspace(): Promise<readonly vscode.Uri[]> {
		this.found ??= this.search();
		return this.found;
	}

	/** Files beside a model outside of the workspace change too. */
	private watch(folder: vscode.Uri): void {
		if (this.watched.has(folder.toString())) return;
		this.watched.add(folder.toString());
		const pattern = new vscode.RelativePattern(folder, '*.py');
		const watcher = this.disposables.add(vscode.workspace.createFileSystemWatcher(pattern));
		for (const event of [watcher.onDidChange, watcher.onDidCreate, watcher.onDidDelete])
			event((uri) => this.forget(uri));
	}

	private forget(uri: vscode.Uri): void {
		this.texts.delete(uri.toString());
		this.tell.call();
	}

	private async search(): Promise<readonly vscode.Uri[]> {
		const watcher = this.disposables.add(vscode.workspace.createFileSystemWatcher('**/*.py'));
		const searchAgain = () => {
			this.found = findFiles(['py'], mostFiles, outputs);
			this.tell.call();
		};
		watcher.onDidChange((uri) => this.forget(uri));
		for (const event of [watcher.onDidCreate, watcher.onDidDelete])
			event((uri) => {
				this.forget(uri);
				searchAgain();
			});
		this.disposables.add(vscode.workspace.onDidChangeWorkspaceFolders(searchAgain));
		return await findFiles(['py'], mostFiles, outputs);
	}

	/** Empty where a file is gone or too long to be model code. */
	private text(uri: vscode.Uri): Promise<string> {
		const key = uri.toString();
		const open = openText(key);
		if (open !== undefined) return Promise.resolve(open);
		const kept = this.texts.get(key) ?? readText(uri);
		this.texts.set(key, kept);
		return kept;
	}
}

/** Whether a file is a cell of a notebook. */
export const isCell = (uri: string): boolean => uri.startsWith('vscode-notebook-cell:');

/** The text of a file or cell as it stands in the editor. */
function openText(uri: string): string | undefined {
	return vscode.workspace.textDocuments
		.find((document) => document.uri.toString() === uri)
		?.getText();
}

/** Code cells of the notebooks that are open; a closed notebook has no lines to go to. */
function notebookCells(): PythonFile[] {
	return vscode.workspace.notebookDocuments.flatMap((notebook) =>
		notebook
			.getCells()
			.filter(({ document }) => document.languageId === 'python')
			.map(({ document }) => ({
				uri: document.uri.toString(),
				text: document.getText(),
				notebook: notebook.uri.toString(),
			})),
	);
}

async function readText(uri: vscode.Uri): Promise<string> {
	try {
		const { size } = await vscode.workspace.fs.stat(uri);
		if (size > mostBytes) return '';
		return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
	} catch (error) {
		if (error instanceof vscode.FileSystemError) return '';
		throw error;
	}
}

async function pythonIn(folder: vscode.Uri): Promise<vscode.Uri[]> {
	try {
		const entries = await vscode.workspace.fs.readDirectory(folder);
		return entries
			.filter(([name, type]) => name.endsWith('.py') && type !== vscode.FileType.Directory)
			.map(([name]) => vscode.Uri.joinPath(folder, name));
	} catch (error) {
		if (error instanceof vscode.FileSystemError) return [];
		throw error;
	}
}
