import { createHash } from 'node:crypto';
import * as vscode from 'vscode';
import { listOf, record, tableOf, text, type Parsed } from '../protocol/parse.ts';
import { runSummary, type RunSummary, type SiteResult } from '../protocol/run.ts';
import { Disposables } from './disposables.ts';
import type { ModelStore } from './model-store.ts';
import type { PythonFiles } from './python-files.ts';

const storedRun = record({
	/** What each view found in this one run. */
	summaries: listOf(runSummary),
	/** The fingerprint of each Python file or cell that the model was tied to. */
	code: tableOf(text),
});
type StoredRun = Parsed<typeof storedRun>;

/** Views whose findings hold for a state of the model's file, whatever it was run on last. */
const ofModel: readonly string[] = ['recall'];

/** The last run of each model, kept beside the workspace's other state so that a reloaded window has its numbers. */
export class RunResults {
	private readonly disposables = new Disposables();
	private readonly runs = new Map<string, StoredRun | null>();
	private written = Promise.resolve();
	private readonly outdated = new Map<string, string>();
	private readonly changed = this.disposables.add(new vscode.EventEmitter<vscode.Uri>());

	/** A model has other numbers, or its numbers are out of date. */
	readonly onDidChange = this.changed.event;

	constructor(
		private readonly folder: vscode.Uri,
		private readonly models: ModelStore,
		private readonly python: PythonFiles,
		private readonly log: vscode.LogOutputChannel,
	) {
		this.disposables.add(models.onDidChange((uri) => void this.judge(uri)));
		this.disposables.add(python.onDidChange(() => void this.judgeAll()));
	}

	get any(): boolean {
		return [...this.runs.values()].some((run) => run !== null);
	}

	/** What the views found of a site, as far as it is known already; empty before the first run. */
	site(model: vscode.Uri, site: string): readonly SiteResult[] {
		const summaries = this.runs.get(model.toString())?.summaries ?? [];
		return summaries.flatMap(({ sites }) => sites.filter((result) => result.site === site));
	}

	/** Why the numbers are not those of the files as they are now: a sentence, or empty. */
	outdatedBecause(model: vscode.Uri): string {
		return this.outdated.get(model.toString()) ?? '';
	}

	/** Reads what an earlier window left, once. */
	async load(model: vscode.Uri): Promise<void> {
		const key = model.toString();
		if (this.runs.has(key)) return;
		this.runs.set(key, null);
		const stored = await this.read(model);
		if (!stored || this.runs.get(key)) return;
		this.runs.set(key, stored);
		await this.judge(model);
	}

	/** Keeps what a view found; the findings of an earlier run give way, but for those that depend on the file alone. */
	async set(model: vscode.Uri, summary: RunSummary): Promise<void> {
		const code = await this.python.fingerprints(this.linkedFiles(model));
		const kept = (this.runs.get(model.toString())?.summaries ?? []).filter(
			({ view, manifest }) =>
				view !== summary.view &&
				(manifest.id === summary.manifest.id ||
					(ofModel.includes(view) && manifest.model.version === summary.manifest.model.version)),
		);
		this.runs.set(model.toString(), { summaries: [...kept, summary], code });
		this.outdated.delete(model.toString());
		this.changed.fire(model);
		// one write after the other, each of what is known by then
		this.written = this.written.then(() => this.write(model));
		await this.written;
	}

	/** Forgets every run, on disk too. */
	async clear(): Promise<void> {
		const uris = [...this.runs.keys()].map((key) => vscode.Uri.parse(key));
		for (const uri of uris) this.runs.set(uri.toString(), null);
		this.outdated.clear();
		for (const uri of uris) this.changed.fire(uri);
		try {
			await vscode.workspace.fs.delete(this.folder, { recursive: true });
		} catch (error) {
			if (!(error instanceof vscode.FileSystemError)) throw error;
		}
	}

	dispose(): void {
		this.disposables.dispose();
	}

	private async judgeAll(): Promise<void> {
		for (const key of this.runs.keys()) await this.judge(vscode.Uri.parse(key));
	}

	private async judge(model: vscode.Uri): Promise<void> {
		const run = this.runs.get(model.toString());
		const state = this.models.peek(model);
		if (!run || !state) return;
		const before = this.outdatedBecause(model);
		const reason =
			state.kind === 'failed' || state.model.version !== run.summaries[0]?.manifest.model.version
				? vscode.l10n.t('The model file was written since this run.')
				: (await this.codeChanged(model, run))
					? vscode.l10n.t('The Python code changed since this run.')
					: '';
		this.outdated.set(model.toString(), reason);
		if (reason !== before || !this.announced.has(run)) this.changed.fire(model);
		this.announced.add(run);
	}

	/** Runs read from disk that listeners have heard of. */
	private readonly announced = new WeakSet<StoredRun>();

	/**
	 * Files that the model was not tied to at the run, such as one that was pinned since, count from when it is; so do cells,
	 * and only while their notebook is open.
	 */
	private async codeChanged(model: vscode.Uri, { code }: StoredRun): Promise<boolean> {
		const linked = this.linkedFiles(model);
		const now = await this.python.fingerprints([...Object.keys(code), ...linked]);
		for (const uri of linked) if (now[uri] !== undefined) code[uri] ??= now[uri];
		return Object.entries(now).some(([uri, fingerprint]) => code[uri] !== fingerprint);
	}

	private linkedFiles(model: vscode.Uri): string[] {
		const state = this.models.peek(model);
		const links = state?.kind === 'read' ? state.links : [];
		return links.filter(({ found }) => found).map(({ file }) => file);
	}

	private async write(model: vscode.Uri): Promise<void> {
		const run = this.runs.get(model.toString());
		if (!run) return;
		try {
			await vscode.workspace.fs.createDirectory(this.folder);
			const bytes = new TextEncoder().encode(JSON.stringify(run));
			await vscode.workspace.fs.writeFile(this.fileOf(model), bytes);
		} catch (error) {
			// the run is shown all the same; only a reloaded window will not have it
			this.log.warn(`The run could not be kept: ${String(error)}`);
		}
	}

	private async read(model: vscode.Uri): Promise<StoredRun | undefined> {
		try {
			const bytes = await vscode.workspace.fs.readFile(this.fileOf(model));
			return storedRun(JSON.parse(new TextDecoder().decode(bytes)), 'stored run');
		} catch {
			// none, or of a version that wrote otherwise: the next run writes it anew
			return undefined;
		}
	}

	private fileOf(model: vscode.Uri): vscode.Uri {
		const name = createHash('sha1').update(model.toString()).digest('hex');
		return vscode.Uri.joinPath(this.folder, `${name}.json`);
	}
}
