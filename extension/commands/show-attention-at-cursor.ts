import * as vscode from 'vscode';
import type { Command } from './command.ts';
import { pickSite, sitesAtCursor } from './pick-site.ts';

/** Shows in the side view what the model code under the cursor does; where that makes several sites, the one picked. */
export const showAttentionAtCursor: Command = {
	id: 'attnscope.showAttentionAtCursor',
	async execute(parts) {
		const targets = await sitesAtCursor(parts);
		if (targets.length === 0) {
			await vscode.window.showInformationMessage(
				vscode.l10n.t(
					'No model of this workspace says that its attention comes from the code at the cursor. Export the model with its module names, and put the cursor in an attention class.',
				),
			);
			return;
		}
		const target = await pickSite(parts, targets);
		if (!target) return;
		const { model, site } = target;
		await parts.side.show(vscode.Uri.parse(model), {
			...(site !== undefined && { site }),
			run: vscode.workspace.isTrusted,
		});
		await vscode.commands.executeCommand('attnscope.side.focus');
	},
};
