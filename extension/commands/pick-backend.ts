import * as vscode from 'vscode';
import type { BackendChoice } from '../protocol/run.ts';
import { settings } from '../workspace/settings.ts';
import type { Command } from './command.ts';

/** Lets the user say where models run. */
export const pickBackend: Command = {
	id: 'attnscope.pickBackend',
	async execute() {
		const choices: readonly { label: string; detail: string; choice: BackendChoice }[] = [
			{
				label: vscode.l10n.t('Automatic'),
				detail: vscode.l10n.t('WebGPU where it works, else WASM; the page says which and why.'),
				choice: 'auto',
			},
			{
				label: 'WebGPU',
				detail: vscode.l10n.t('The graphics card, or a failure that says why not.'),
				choice: 'webgpu',
			},
			{ label: 'WASM', detail: vscode.l10n.t('The processor, on one thread.'), choice: 'wasm' },
		];
		const now = settings.backend;
		const picked = await vscode.window.showQuickPick(
			choices.map((choice) => ({
				...choice,
				...(choice.choice === now && { description: vscode.l10n.t('as it is now') }),
			})),
			{ title: vscode.l10n.t('Run models on') },
		);
		if (picked) await settings.setBackend(picked.choice);
	},
};
