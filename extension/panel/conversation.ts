import * as vscode from 'vscode';
import { Endpoint } from '../protocol/endpoint.ts';
import { hostMethods, pageMethods, type PageState } from '../protocol/messages.ts';
import type { RunSummary } from '../protocol/run.ts';
import { Debounce } from '../workspace/debounce.ts';
import { Disposables } from '../workspace/disposables.ts';
import type { Services } from '../workspace/services.ts';
import { settings } from '../workspace/settings.ts';
import { answerPage, type PageStatus, type PageTold } from './answer-page.ts';
import type { Surface } from './page.ts';
import { pageStateOf, type Wish } from './page-state.ts';
import { webviewPort } from './webview-port.ts';

/** How long a page may take to answer what needs no model to run. */
const pageTimeoutMs = 30_000;

const idle: PageStatus = { phase: 'idle', backend: '', message: '' };

/** What host and one page say to each other. It ends with its webview, and nothing is left waiting. */
export class Conversation {
	private readonly disposables = new Disposables();
	private readonly endpoint: Endpoint<typeof hostMethods, typeof pageMethods>;
	private readonly told = this.disposables.add(new vscode.EventEmitter<void>());
	private readonly selected = this.disposables.add(new vscode.EventEmitter<string>());
	private readonly repaint = this.disposables.add(new Debounce(50, () => void this.pushState()));
	private model: { readonly uri: vscode.Uri; readonly hold: vscode.Disposable } | undefined;
	private wish: Wish = {};
	private listening = false;
	private lastTold: PageTold | undefined;
	private lastStatus = idle;

	/** Its status or its model is another one. */
	readonly onDidChange = this.told.event;
	/** The user picked a site in the page. */
	readonly onDidSelectSite = this.selected.event;

	/** @param isVisible a hidden page loses messages, so none is sent to it */
	constructor(
		private readonly services: Services,
		webview: vscode.Webview,
		readonly surface: Surface,
		private readonly isVisible: () => boolean,
	) {
		this.disposables.add(vscode.workspace.onDidGrantWorkspaceTrust(() => this.repaint.call()));
		this.disposables.add(settings.onDidChange(() => this.repaint.call()));
		this.disposables.add(services.models.onDidChange((uri) => this.modelChanged(uri)));
		this.disposables.add(
			services.inputs.onDidChange((uri) => {
				if (this.shows(uri)) this.repaint.call();
			}),
		);
		const port = webviewPort(webview, (error) => services.log.warn(String(error)));
		this.endpoint = new Endpoint(
			port,
			hostMethods,
			answerPage(services, {
				uri: () => this.uri,
				told: () => this.lastTold,
				start: () => this.start(),
				status: (status) => this.setStatus(status),
				selectSite: (site) => this.selected.fire(site),
			}),
			pageMethods,
			(error) => services.log.warn(error.message),
		);
	}

	get uri(): vscode.Uri | undefined {
		return this.model?.uri;
	}

	get status(): PageStatus {
		return this.lastStatus;
	}

	get visible(): boolean {
		return this.isVisible();
	}

	shows(uri: vscode.Uri): boolean {
		return this.uri?.toString() === uri.toString();
	}

	/** Shows a model, or nothing; a page that shows it already only does what is wished. */
	async show(uri: vscode.Uri | undefined, wish: Wish = {}): Promise<void> {
		if (uri && wish.site !== undefined)
			await this.services.memory.setSite(uri.toString(), wish.site);
		if (uri && this.shows(uri)) {
			await this.fulfil(wish);
			return;
		}
		this.model?.hold.dispose();
		this.model = uri && { uri, hold: this.services.models.hold(uri) };
		this.lastTold = undefined;
		this.lastStatus = idle;
		this.wish = wish;
		this.told.fire();
		await this.pushState();
	}

	/** Answers when the pictures stand. A page that is not there yet runs as soon as it is. */
	async run(): Promise<RunSummary | undefined> {
		if (!this.canHear()) {
			this.wish = { ...this.wish, run: true };
			return undefined;
		}
		return await this.endpoint.ask('run', {});
	}

	async cancelRun(): Promise<void> {
		if (this.canHear()) await this.endpoint.ask('cancelRun', {}, { timeoutMs: pageTimeoutMs });
	}

	async exportPicture(format: 'svg' | 'png' | 'csv' | 'json'): Promise<void> {
		await this.endpoint.ask('exportPicture', { format });
	}

	/** The page is seen again: what changed while it was hidden did not reach it. */
	becameVisible(): void {
		this.repaint.call();
		this.told.fire();
	}

	dispose(): void {
		this.endpoint.dispose();
		this.model?.hold.dispose();
		this.model = undefined;
		this.listening = false;
		this.disposables.dispose();
	}

	private canHear(): boolean {
		return this.listening && this.isVisible();
	}

	private async start(): Promise<PageState> {
		this.listening = true;
		const { wish } = this;
		this.wish = {};
		return await this.stateWith(wish);
	}

	private async fulfil({ site, run, view }: Wish): Promise<void> {
		if (!this.canHear()) {
			this.wish = {
				...this.wish,
				...(site !== undefined && { site }),
				...(run && { run }),
				...(view && { view }),
			};
			return;
		}
		// what is to be run must have arrived before
		if (this.repaint.takeBack()) await this.pushState();
		if (site !== undefined)
			await this.endpoint.ask('selectSite', { site }, { timeoutMs: pageTimeoutMs });
		if (run) await this.run();
		if (view) await this.endpoint.ask('openView', { view: view.id, state: view.state ?? {} });
	}

	private modelChanged(uri: vscode.Uri): void {
		const state = this.shows(uri) && this.services.models.peek(uri);
		if (!state) return;
		const version = state.kind === 'read' ? state.model.version : state.problem;
		// code links change with every line typed; the page has no use for them between runs
		if (version !== this.lastTold?.version) this.repaint.call();
	}

	private async stateWith(wish: Wish): Promise<PageState> {
		const { uri } = this;
		const state = await pageStateOf(this.services, uri, wish);
		if (this.uri === uri)
			this.lastTold = { version: state.model?.version ?? state.problem ?? '', state };
		return state;
	}

	private async pushState(): Promise<void> {
		if (!this.canHear()) return;
		const { uri, wish } = this;
		this.wish = {};
		try {
			const state = await this.stateWith(wish);
			if (this.uri === uri)
				await this.endpoint.ask('showState', state, { timeoutMs: pageTimeoutMs });
		} catch (error) {
			this.services.log.warn(String(error));
		}
	}

	private setStatus(status: PageStatus): void {
		this.lastStatus = status;
		this.told.fire();
	}
}
