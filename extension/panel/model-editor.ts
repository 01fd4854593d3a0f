import type * as vscode from 'vscode';
import type { ModelStore } from '../workspace/model-store.ts';
import type { Pages } from './pages.ts';

/** The read-only editor of `.onnx` files. A file that cannot be read opens too: its page says what is wrong. */
export class ModelEditor implements vscode.CustomReadonlyEditorProvider {
	constructor(
		private readonly pages: Pages,
		private readonly models: ModelStore,
		private readonly touched: (uri: vscode.Uri) => Promise<void>,
	) {}

	openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
		const hold = this.models.hold(uri);
		return { uri, dispose: () => void hold.dispose() };
	}

	async resolveCustomEditor(
		{ uri }: vscode.CustomDocument,
		panel: vscode.WebviewPanel,
	): Promise<void> {
		const page = this.pages.start(panel.webview, 'panel', () => panel.visible);
		panel.onDidDispose(() => this.pages.end(page));
		panel.onDidChangeViewState(() => {
			if (panel.visible) page.becameVisible();
			if (panel.active) this.pages.touch(page);
		});
		await page.show(uri, this.pages.takeWish(uri));
		await this.touched(uri);
	}
}
