import * as vscode from 'vscode';
import { savePin } from '../workspace/pins-file.ts';
import type { Command } from './command.ts';
import { siteTarget } from './go-to-site.ts';
import { pickModel } from './find-target.ts';

/** Ties a site to the line of Python under the cursor, where the model does not say where its code stands. */
export const pinSite: Command = {
	id: 'attnscope.pinSite',
	async execute(parts) {
		const editor = vscode.window.activeTextEditor;
		if (editor?.document.languageId !== 'python') return;
		const { document, selection } = editor;
		const { lineNumber, text } = document.lineAt(selection.active.line);
		const model = await pickModel(parts);
		const target = model && (await siteTarget(parts, model));
		if (!target?.site) return;
		await savePin(vscode.Uri.parse(target.model), {
			site: target.site,
			file: document.uri.toString(),
			line: lineNumber + 1,
			text: text.trim(),
			target: /^\s*class\b/.test(text) ? 'class' : 'call',
		});
	},
};
