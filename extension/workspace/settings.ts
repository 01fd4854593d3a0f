import * as vscode from 'vscode';
import { backendChoice, type BackendChoice } from '../protocol/run.ts';

const section = 'attnscope';

/** The settings as they are now; a value of the wrong kind counts as not set. */
export const settings = {
	get backend(): BackendChoice {
		const value = vscode.workspace.getConfiguration(section).get<unknown>('backend');
		return value === 'webgpu' || value === 'wasm' ? value : 'auto';
	},
	async setBackend(choice: BackendChoice): Promise<void> {
		await vscode.workspace
			.getConfiguration(section)
			.update('backend', backendChoice(choice, 'backend'), vscode.ConfigurationTarget.Global);
	},
	get codeLens(): boolean {
		return vscode.workspace.getConfiguration(section).get<unknown>('codeLens') !== false;
	},
	get runOnOpen(): boolean {
		return vscode.workspace.getConfiguration(section).get<unknown>('runOnOpen') !== false;
	},
	get followCursor(): boolean {
		return vscode.workspace.getConfiguration(section).get<unknown>('followCursor') !== false;
	},
	onDidChange(listener: () => void): vscode.Disposable {
		return vscode.workspace.onDidChangeConfiguration((event) => {
			if (event.affectsConfiguration(section)) listener();
		});
	},
};
