import * as vscode from 'vscode';
import type { PageStatus } from '../panel/answer-page.ts';
import type { Pages } from '../panel/pages.ts';
import { Disposables } from '../workspace/disposables.ts';

const icons: Readonly<Record<PageStatus['phase'], string>> = {
	idle: '$(circle-outline)',
	loading: '$(loading~spin)',
	running: '$(loading~spin)',
	ready: '$(chip)',
	failed: '$(error)',
	refused: '$(shield)',
};

/** The backend of the page last used, and what it is doing. Gone where no page is open. */
export class StatusBar {
	private readonly disposables = new Disposables();
	private readonly item = this.disposables.add(
		vscode.window.createStatusBarItem('attnscope.backend', vscode.StatusBarAlignment.Right, 50),
	);

	constructor(private readonly pages: Pages) {
		this.item.name = 'Attnscope';
		this.item.command = 'attnscope.pickBackend';
		this.disposables.add(pages.onDidChange(() => this.show()));
	}

	dispose(): void {
		this.disposables.dispose();
	}

	private show(): void {
		const page = this.pages.current;
		if (!page?.uri) {
			this.item.hide();
			return;
		}
		const { phase, backend, message } = page.status;
		const backendText = backend === '' ? 'Attnscope' : backend;
		const doing = phase === 'running' || phase === 'loading';
		this.item.text = `${icons[phase]} ${doing && message !== '' ? message : backendText}`;
		this.item.tooltip = [
			message,
			backend === '' ? '' : vscode.l10n.t('Attnscope runs on {0}.', backend),
			vscode.l10n.t('Press to pick the backend.'),
		]
			.filter((line) => line !== '')
			.join('\n');
		this.item.backgroundColor =
			phase === 'failed' ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
		this.item.accessibilityInformation = {
			label: vscode.l10n.t('Attnscope backend: {0}', backendText),
			role: 'button',
		};
		this.item.show();
	}
}
