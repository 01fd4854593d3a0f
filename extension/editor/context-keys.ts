import * as vscode from 'vscode';
import type { Pages } from '../panel/pages.ts';
import { Disposables } from '../workspace/disposables.ts';
import type { Services } from '../workspace/services.ts';

/** Keys that `when` clauses of the manifest ask: commands appear only where they make sense. */
export class ContextKeys {
	private readonly disposables = new Disposables();
	private readonly set = new Map<string, boolean>();

	constructor(
		private readonly services: Services,
		private readonly pages: Pages,
	) {
		const { models, results } = services;
		this.disposables.add(pages.onDidChange(() => this.pageKeys()));
		this.disposables.add(results.onDidChange(() => this.tell('hasResults', results.any)));
		this.disposables.add(models.onDidChange(() => this.tell('hasModels', true)));
		this.disposables.add(models.onDidChangeList(() => void this.modelKeys()));
	}

	dispose(): void {
		this.disposables.dispose();
	}

	private pageKeys(): void {
		const phases = this.pages.all.map(({ status }) => status.phase);
		this.tell(
			'running',
			phases.some((phase) => phase === 'running' || phase === 'loading'),
		);
		this.tell('hasPicture', phases.includes('ready'));
		this.tell(
			'hasPage',
			this.pages.all.some(({ uri }) => uri !== undefined),
		);
	}

	private async modelKeys(): Promise<void> {
		this.tell('hasModels', (await this.services.models.list()).length > 0);
	}

	private tell(key: string, value: boolean): void {
		if (this.set.get(key) === value) return;
		this.set.set(key, value);
		void vscode.commands.executeCommand('setContext', `attnscope.${key}`, value);
	}
}
