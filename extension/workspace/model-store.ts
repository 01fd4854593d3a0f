import * as vscode from 'vscode';
import { Disposables } from './disposables.ts';
import { findFiles } from './find-files.ts';
import type { Memory } from './memory.ts';
import { ModelEntry, type ModelState } from './model-entry.ts';
import type { PythonFiles } from './python-files.ts';

const mostListed = 200;
/** Read models that nobody holds: an index is a few megabytes. */
const mostIdle = 32;

/** The models of this window, one entry a file, whoever looks at it. */
export class ModelStore {
	private readonly disposables = new Disposables();
	/** In the order of last use. */
	private readonly entries = new Map<string, ModelEntry>();
	private readonly holds = new Map<string, number>();
	private readonly changed = this.disposables.add(new vscode.EventEmitter<vscode.Uri>());
	private readonly listed = this.disposables.add(new vscode.EventEmitter<void>());
	private found: Promise<readonly vscode.Uri[]> | undefined;

	/** A model was read, read anew, or tied to other code. */
	readonly onDidChange = this.changed.event;
	/** Models came to the list or left it. */
	readonly onDidChangeList = this.listed.event;

	constructor(
		private readonly python: PythonFiles,
		private readonly memory: Memory,
		private readonly log: vscode.LogOutputChannel,
	) {}

	/** What is known already; does not read. */
	peek(uri: vscode.Uri): ModelState | undefined {
		return this.entries.get(uri.toString())?.state;
	}

	async load(uri: vscode.Uri): Promise<ModelState> {
		return await this.entry(uri).load();
	}

	/** Ties a model to its code anew, after the user said more of where that stands. */
	async linkAgain(uri: vscode.Uri): Promise<void> {
		await this.entry(uri).linkAgain();
	}

	/** Keeps a model, watched, until the answer is disposed. */
	hold(uri: vscode.Uri): vscode.Disposable {
		const key = uri.toString();
		const add = (count: number) => {
			const left = (this.holds.get(key) ?? 0) + count;
			if (left > 0) this.holds.set(key, left);
			else this.holds.delete(key);
			this.dropIdle();
			this.listed.fire();
		};
		this.entry(uri);
		add(1);
		return new vscode.Disposable(() => add(-1));
	}

	/** The workspace's model files and those that something holds, by path. */
	async list(): Promise<readonly vscode.Uri[]> {
		this.found ??= this.search();
		const held = [...this.holds.keys()].map((key) => vscode.Uri.parse(key));
		const all = new Map([...(await this.found), ...held].map((uri) => [uri.toString(), uri]));
		return [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
	}

	dispose(): void {
		for (const entry of this.entries.values()) entry.dispose();
		this.entries.clear();
		this.disposables.dispose();
	}

	private entry(uri: vscode.Uri): ModelEntry {
		const key = uri.toString();
		const known = this.entries.get(key);
		if (known) {
			this.entries.delete(key);
			this.entries.set(key, known);
			return known;
		}
		const entry = new ModelEntry(uri, this.python, this.memory, this.log);
		entry.onDidChange(() => this.changed.fire(uri));
		this.entries.set(key, entry);
		this.dropIdle();
		return entry;
	}

	private dropIdle(): void {
		const idle = [...this.entries.keys()].filter((key) => !this.holds.has(key));
		for (const key of idle.slice(0, Math.max(0, idle.length - mostIdle))) {
			this.entries.get(key)?.dispose();
			this.entries.delete(key);
		}
	}

	private async search(): Promise<readonly vscode.Uri[]> {
		const watcher = this.disposables.add(
			vscode.workspace.createFileSystemWatcher('**/*.onnx', false, true, false),
		);
		const again = () => {
			this.found = this.find();
			this.listed.fire();
		};
		watcher.onDidCreate(again);
		watcher.onDidDelete(again);
		this.disposables.add(vscode.workspace.onDidChangeWorkspaceFolders(again));
		const found = await this.find();
		// whoever waits for this answer has it before the others hear of it
		setTimeout(() => this.listed.fire());
		return found;
	}

	private async find(): Promise<readonly vscode.Uri[]> {
		return await findFiles(['onnx'], mostListed);
	}
}
