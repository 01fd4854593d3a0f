import * as vscode from 'vscode';
import type { Command } from './command.ts';
import { showView, targetToRun } from './run.ts';

/** Asks a model what it recalls, in its own tab. */
export const runRecallProbe: Command = {
	id: 'attnscope.runRecallProbe',
	async execute(parts, argument) {
		const target = await targetToRun(parts, argument);
		if (!target) return;
		// a probe that was stopped goes on
		const view = { id: 'recall', state: { stops: 0 } };
		await showView(parts, vscode.Uri.parse(target.model), view);
	},
};
