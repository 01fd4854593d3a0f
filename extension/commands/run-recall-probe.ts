import * as vscode from 'vscode';
import type { Command } from './command.ts';
import { findTarget } from './find-target.ts';
import { isTrusted } from './run.ts';

/** Asks a model what it recalls, in its own tab. */
export const runRecallProbe: Command = {
	id: 'attnscope.runRecallProbe',
	async execute(parts, argument) {
		if (!(await isTrusted())) return;
		const target = await findTarget(parts, argument);
		if (!target) return;
		const uri = vscode.Uri.parse(target.model);
		// a probe that was stopped goes on
		const view = { id: 'recall', state: { stops: 0 } };
		const page = parts.pages.of(uri);
		// a model that has run keeps what it was asked so far
		if (page?.visible) await page.show(uri, { view, run: page.status.phase !== 'ready' });
		else await parts.pages.open(uri, { view, run: true });
	},
};
