import * as vscode from 'vscode';
import { FormatError } from '../onnx/byte-source.ts';
import type { CodeLink, ModelSummary } from '../protocol/model.ts';
import { linkSites } from '../source/link-sites.ts';
import type { Pins } from '../source/pins.ts';
import { Debounce } from './debounce.ts';
import { Disposables } from './disposables.ts';
import type { Memory } from './memory.ts';
import { summarizeModel } from './model-summary.ts';
import { pinsFile, readPins } from './pins-file.ts';
import { openModel, type OpenModel } from './open-model.ts';
import type { PythonFiles } from './python-files.ts';

/** A model file that was asked for: read, or why not in a sentence. */
export type ModelState =
	| {
			readonly kind: 'read';
			readonly model: OpenModel;
			readonly links: readonly CodeLink[];
			readonly summary: ModelSummary;
	  }
	| { readonly kind: 'failed'; readonly problem: string };

/** One model file: indexed once, again whenever it is written, its links whenever Python changes. */
export class ModelEntry {
	private readonly disposables = new Disposables();
	private readonly changed = this.disposables.add(new vscode.EventEmitter<void>());
	private readonly written = this.disposables.add(new Debounce(300, () => this.readAgain()));
	private readonly watched = new Set<string>();
	private reading: { readonly stop: AbortController; readonly state: Promise<ModelState> };
	private latest: ModelState | undefined;

	readonly onDidChange = this.changed.event;

	constructor(
		readonly uri: vscode.Uri,
		private readonly python: PythonFiles,
		private readonly memory: Memory,
		private readonly log: vscode.LogOutputChannel,
	) {
		this.reading = this.read();
		this.watch(uri, () => this.written.call());
		this.watch(pinsFile(uri), () => void this.linkAgain());
		this.disposables.add(python.onDidChange(() => void this.linkAgain()));
	}

	/** Undefined while it is read for the first time. */
	get state(): ModelState | undefined {
		return this.latest;
	}

	/** What is known once the file has been read. */
	async load(): Promise<ModelState> {
		for (;;) {
			const { reading } = this;
			const state = await reading.state;
			if (reading === this.reading) return state;
		}
	}

	readAgain(): void {
		this.reading.stop.abort();
		this.reading = this.read();
	}

	dispose(): void {
		this.reading.stop.abort();
		this.disposables.dispose();
	}

	private watch(file: vscode.Uri, act: () => void): void {
		if (this.watched.has(file.toString())) return;
		this.watched.add(file.toString());
		const folder = vscode.Uri.joinPath(file, '..');
		const pattern = new vscode.RelativePattern(folder, globOf(nameOf(file)));
		const watcher = this.disposables.add(vscode.workspace.createFileSystemWatcher(pattern));
		for (const event of [watcher.onDidChange, watcher.onDidCreate, watcher.onDidDelete]) event(act);
	}

	private read(): ModelEntry['reading'] {
		const stop = new AbortController();
		const state = this.stateOf(stop.signal).then((read) => {
			if (stop.signal.aborted) return read;
			this.latest = read;
			this.changed.fire();
			return read;
		});
		return { stop, state };
	}

	private async stateOf(signal: AbortSignal): Promise<ModelState> {
		try {
			const model = await openModel(this.uri, signal);
			for (const uri of model.external.named) this.watch(uri, () => this.written.call());
			return this.stateWith(model, await this.linksOf(model));
		} catch (error) {
			if (!signal.aborted) this.log.warn(`${this.uri.toString()}: ${String(error)}`);
			return { kind: 'failed', problem: problemOf(error, this.uri) };
		}
	}

	private stateWith(model: OpenModel, links: readonly CodeLink[]): ModelState {
		return {
			kind: 'read',
			model,
			links,
			summary: summarizeModel(
				{
					...model,
					uri: this.uri.toString(),
					external: model.external.files.map(({ location, bytes }) => ({ location, bytes })),
				},
				links,
			),
		};
	}

	private async linksOf(model: OpenModel): Promise<readonly CodeLink[]> {
		const [files, pins] = await Promise.all([this.python.near(this.uri), this.pins()]);
		return linkSites(model.index, model.sites, files, { model: this.uri.toString(), pins });
	}

	/** What the user said, saved beside the model or remembered. A pins file that cannot be read costs the pins, not the model. */
	private async pins(): Promise<Pins> {
		const remembered = [...this.memory.paths(this.uri.toString())].flatMap(([exported, file]) =>
			file === null ? [] : [[exported, file] as const],
		);
		try {
			const { sites, paths } = await readPins(this.uri);
			return { sites, paths: new Map([...remembered, ...paths]) };
		} catch (error) {
			void vscode.window.showWarningMessage(error instanceof Error ? error.message : String(error));
			return { sites: [], paths: new Map(remembered) };
		}
	}

	/** Ties the sites to code anew: Python changed, or the user said more. */
	async linkAgain(): Promise<void> {
		const { reading, latest } = this;
		if (latest?.kind !== 'read') return;
		const links = await this.linksOf(latest.model);
		// the file was written, or Python changed again, while the links were made
		if (reading !== this.reading || latest !== this.latest) return;
		if (JSON.stringify(links) === JSON.stringify(latest.links)) return;
		const state = this.stateWith(latest.model, links);
		this.latest = state;
		this.reading = { stop: reading.stop, state: Promise.resolve(state) };
		this.changed.fire();
	}
}

function problemOf(error: unknown, uri: vscode.Uri): string {
	const name = nameOf(uri);
	if (error instanceof FormatError)
		return vscode.l10n.t('{0} is not an ONNX model that can be read: {1}', name, error.message);
	const { code } = error as { code?: unknown };
	if (code === 'FileNotFound' || code === 'ENOENT')
		return vscode.l10n.t('{0} does not exist any more.', name);
	return vscode.l10n.t(
		'{0} could not be read: {1}',
		name,
		error instanceof Error ? error.message : String(error),
	);
}

function nameOf(uri: vscode.Uri): string {
	return uri.path.slice(uri.path.lastIndexOf('/') + 1);
}

/** A file's own name as a pattern; what a pattern would read otherwise stands in a class of its own. */
function globOf(name: string): string {
	return name.replace(/[*?[\]{}]/g, (special) => `[${special}]`);
}
