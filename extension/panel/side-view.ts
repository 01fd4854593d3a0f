import * as vscode from 'vscode';
import type { Conversation } from './conversation.ts';
import type { Pages } from './pages.ts';
import type { Wish } from './page-state.ts';

/** The visualizer in the side bar. It shows what it is told to, also when told before it was first opened. */
export class SideView implements vscode.WebviewViewProvider {
	private view: { readonly page: Conversation; readonly webview: vscode.WebviewView } | undefined;
	private readonly opened = new vscode.EventEmitter<void>();
	private wanted: { readonly uri: vscode.Uri; readonly wish: Wish } | undefined;

	/** It is seen (again). */
	readonly onDidOpen = this.opened.event;

	constructor(private readonly pages: Pages) {}

	get visible(): boolean {
		return this.view?.webview.visible ?? false;
	}

	async resolveWebviewView(webview: vscode.WebviewView): Promise<void> {
		const page = this.pages.start(webview.webview, 'side', () => webview.visible);
		this.view = { page, webview };
		webview.onDidChangeVisibility(() => {
			if (!webview.visible) return;
			page.becameVisible();
			this.opened.fire();
		});
		webview.onDidDispose(() => {
			this.pages.end(page);
			this.view = undefined;
		});
		await page.show(this.wanted?.uri ?? this.pages.current?.uri, this.wanted?.wish);
		this.opened.fire();
	}

	async show(uri: vscode.Uri, wish: Wish): Promise<void> {
		this.wanted = { uri, wish: wish.site === undefined ? {} : { site: wish.site } };
		if (!this.view) return;
		this.view.webview.description = uri.path.slice(uri.path.lastIndexOf('/') + 1);
		await this.view.page.show(uri, wish);
	}

	dispose(): void {
		this.opened.dispose();
	}
}
