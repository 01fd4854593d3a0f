import * as vscode from 'vscode';
import type { SideView } from '../panel/side-view.ts';
import { Debounce } from '../workspace/debounce.ts';
import { Disposables } from '../workspace/disposables.ts';
import type { Services } from '../workspace/services.ts';
import { settings } from '../workspace/settings.ts';
import type { CodeSites } from './code-sites.ts';

/** Shows in the side view what the model code under the cursor does; elsewhere it stays as it was. */
export class FollowCursor {
	private readonly disposables = new Disposables();
	private readonly moved = this.disposables.add(new Debounce(150, () => void this.follow()));
	private shown = '';

	constructor(
		private readonly services: Services,
		private readonly codeSites: CodeSites,
		private readonly side: SideView,
	) {
		const { window } = vscode;
		this.disposables.add(window.onDidChangeTextEditorSelection(() => this.moved.call()));
		this.disposables.add(window.onDidChangeActiveTextEditor(() => this.moved.call()));
		this.disposables.add(side.onDidOpen(() => this.moved.call()));
	}

	dispose(): void {
		this.disposables.dispose();
	}

	private async follow(): Promise<void> {
		const editor = vscode.window.activeTextEditor;
		const python = editor?.document.languageId === 'python';
		try {
			const found = python ? await this.codeSites.atCursor(editor) : undefined;
			await vscode.commands.executeCommand('setContext', 'attnscope.atSite', found !== undefined);
			if (!found || !settings.followCursor || !this.side.visible) return;
			const model = found.uri.toString();
			// a class that several layers are built from: the one in the picture stays where it is one of them
			const current = this.services.memory.site(model);
			const site = current && found.sites.includes(current) ? current : found.sites[0]!;
			if (this.shown === `${model} ${site}`) return;
			this.shown = `${model} ${site}`;
			await this.side.show(found.uri, { site });
		} catch (error) {
			this.services.log.warn(String(error));
		}
	}
}
