import * as vscode from 'vscode';
import type { Pages } from '../panel/pages.ts';
import { Disposables } from '../workspace/disposables.ts';
import type { CodeSites } from './code-sites.ts';

/** Marks the lines of code behind the site that is picked in a page, in every editor that shows them. */
export class SiteMark {
	private readonly disposables = new Disposables();
	private readonly mark = this.disposables.add(
		vscode.window.createTextEditorDecorationType({
			isWholeLine: true,
			overviewRulerColor: new vscode.ThemeColor('editorOverviewRuler.findMatchForeground'),
			overviewRulerLane: vscode.OverviewRulerLane.Center,
			borderWidth: '0 0 0 2px',
			borderStyle: 'solid',
			borderColor: new vscode.ThemeColor('focusBorder'),
		}),
	);
	private picked: { readonly uri: vscode.Uri; readonly site: string } | undefined;

	constructor(
		pages: Pages,
		private readonly codeSites: CodeSites,
		private readonly failed: (error: unknown) => void,
	) {
		this.disposables.add(pages.onDidSelectSite((picked) => this.show(picked)));
		this.disposables.add(vscode.window.onDidChangeVisibleTextEditors(() => this.paint()));
		this.disposables.add(codeSites.onDidChange(() => this.paint()));
	}

	clear(): void {
		this.show(undefined);
	}

	dispose(): void {
		this.disposables.dispose();
	}

	private show(picked: SiteMark['picked']): void {
		this.picked = picked;
		this.paint();
	}

	private paint(): void {
		this.lines().then((lines) => {
			for (const editor of vscode.window.visibleTextEditors)
				editor.setDecorations(this.mark, lines.get(editor.document.uri.toString()) ?? []);
		}, this.failed);
	}

	private async lines(): Promise<ReadonlyMap<string, readonly vscode.Range[]>> {
		const { picked } = this;
		const links = picked ? await this.codeSites.linksOf(picked.uri, picked.site) : [];
		const lines = new Map<string, vscode.Range[]>();
		for (const { file, line, found } of links)
			if (found)
				lines.set(file, [...(lines.get(file) ?? []), new vscode.Range(line - 1, 0, line - 1, 0)]);
		return lines;
	}
}
