import * as vscode from 'vscode';
import type { Command } from './command.ts';
import { targetAtCursor } from './find-target.ts';

/** Shows in the side view what the model code under the cursor does. */
export const showAttentionAtCursor: Command = {
	id: 'attnscope.showAttentionAtCursor',
	async execute(parts) {
		const target = await targetAtCursor(parts);
		if (!target) {
			await vscode.window.showInformationMessage(
				vscode.l10n.t(
					'No model of this workspace says that its attention comes from the code at the cursor. Export the model with its module names, and put the cursor in an attention class.',
				),
			);
			return;
		}
		const { model, site } = target;
		await parts.side.show(vscode.Uri.parse(model), {
			...(site !== undefined && { site }),
			run: vscode.workspace.isTrusted,
		});
		await vscode.commands.executeCommand('attnscope.side.focus');
	},
};
