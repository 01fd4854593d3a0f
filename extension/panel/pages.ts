import * as vscode from 'vscode';
import { Disposables } from '../workspace/disposables.ts';
import type { Services } from '../workspace/services.ts';
import { Conversation } from './conversation.ts';
import type { PageFiles, Surface } from './page.ts';
import { pageHtml } from './page.ts';
import type { Wish } from './page-state.ts';

export const modelViewType = 'attnscope.model';

/** The pages that are open now. */
export class Pages {
	private readonly disposables = new Disposables();
	/** The one last used comes last. */
	private readonly live = new Set<Conversation>();
	private readonly wishes = new Map<string, Wish>();
	private readonly changed = this.disposables.add(new vscode.EventEmitter<void>());
	private readonly selected = this.disposables.add(
		new vscode.EventEmitter<{ readonly uri: vscode.Uri; readonly site: string }>(),
	);

	/** A page opened, closed, or has another status. */
	readonly onDidChange = this.changed.event;
	/** The user picked a site in a page. */
	readonly onDidSelectSite = this.selected.event;

	constructor(private readonly services: Services) {}

	/** Of the pages with a model the one last used, if it can be seen; else any that can. */
	get current(): Conversation | undefined {
		const latest = [...this.live].reverse().filter(({ uri }) => uri !== undefined);
		return latest.find(({ visible }) => visible) ?? latest[0];
	}

	get all(): readonly Conversation[] {
		return [...this.live];
	}

	/** A page of this model: one that can be seen rather than one that cannot, a full tab rather than the side view. */
	of(uri: vscode.Uri): Conversation | undefined {
		const weight = ({ visible, surface }: Conversation) =>
			(visible ? 2 : 0) + (surface === 'panel' ? 1 : 0);
		return [...this.live]
			.filter((page) => page.shows(uri) && (page.visible || page.surface === 'panel'))
			.sort((a, b) => weight(b) - weight(a))[0];
	}

	/** Fills a webview with our page and talks to it until its owner is disposed. */
	start(webview: vscode.Webview, surface: Surface, isVisible: () => boolean): Conversation {
		const root = this.services.context.extensionUri;
		webview.options = {
			enableScripts: true,
			localResourceRoots: [vscode.Uri.joinPath(root, 'dist')],
		};
		const page = new Conversation(this.services, webview, surface, isVisible);
		this.live.add(page);
		page.onDidChange(() => this.changed.fire());
		page.onDidSelectSite((site) => {
			if (page.uri) this.selected.fire({ uri: page.uri, site });
		});
		webview.html = pageHtml({
			surface,
			files: filesOf(webview, root),
			own: webview.cspSource,
			nonce: nonce(),
			language: vscode.env.language,
			title: 'Attnscope',
			words: vscode.l10n.bundle ?? {},
		});
		return page;
	}

	end(page: Conversation): void {
		this.live.delete(page);
		page.dispose();
		this.changed.fire();
	}

	/** The page is the one last used. */
	touch(page: Conversation): void {
		this.live.delete(page);
		this.live.add(page);
		this.changed.fire();
	}

	/** Opens a model in a full tab, beside the code where code is in the way, or shows the tab it has. */
	async open(uri: vscode.Uri, wish: Wish = {}, column?: vscode.ViewColumn): Promise<void> {
		const open = [...this.live].find((page) => page.surface === 'panel' && page.shows(uri));
		if (!open) this.wishes.set(uri.toString(), wish);
		await vscode.commands.executeCommand('vscode.openWith', uri, modelViewType, {
			viewColumn: column ?? columnFor(uri),
			preserveFocus: false,
		});
		await open?.show(uri, wish);
	}

	/** What the next page of this model was opened for. */
	takeWish(uri: vscode.Uri): Wish {
		const wish = this.wishes.get(uri.toString()) ?? {};
		this.wishes.delete(uri.toString());
		return wish;
	}

	dispose(): void {
		for (const page of this.live) page.dispose();
		this.live.clear();
		this.disposables.dispose();
	}
}

/** The tab that shows the model already, else beside a text that is being edited, else the active group. */
function columnFor(uri: vscode.Uri): vscode.ViewColumn {
	for (const { tabs, viewColumn } of vscode.window.tabGroups.all)
		for (const { input } of tabs)
			if (input instanceof vscode.TabInputCustom && input.uri.toString() === uri.toString())
				return viewColumn;
	return vscode.window.activeTextEditor ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active;
}

function filesOf(webview: vscode.Webview, root: vscode.Uri): PageFiles {
	const dist = (...path: string[]) =>
		webview.asWebviewUri(vscode.Uri.joinPath(root, 'dist', ...path)).toString();
	return {
		script: dist('webview.js'),
		style: dist('webview.css'),
		worker: dist('worker.js'),
		wasm: dist('ort', 'ort-wasm-simd-threaded.asyncify.wasm'),
	};
}

function nonce(): string {
	return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url');
}
