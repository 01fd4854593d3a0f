import * as vscode from 'vscode';
import { ProtocolError } from '../protocol/parse.ts';
import type { Command, Parts } from './command.ts';
import { findTarget } from './find-target.ts';

/** Runs a model where it is shown already, else in a tab of its own. */
export const run: Command = {
	id: 'attnscope.run',
	async execute(parts, argument) {
		if (!(await isTrusted())) return;
		const target = await findTarget(parts, argument);
		if (target) await runIn(parts, vscode.Uri.parse(target.model), target.site);
	},
};

/** The page itself shows what a run found or why it failed, so that is only logged here. */
export async function runIn(parts: Parts, uri: vscode.Uri, site?: string): Promise<void> {
	const wish = { run: true, ...(site !== undefined && { site }) };
	const page = parts.pages.of(uri);
	try {
		if (page?.visible) await page.show(uri, wish);
		else await parts.pages.open(uri, wish);
	} catch (error) {
		if (!(error instanceof ProtocolError)) throw error;
		parts.services.log.warn(error.message);
	}
}

/** Says so where it is not, with the way to change it. */
export async function isTrusted(): Promise<boolean> {
	if (vscode.workspace.isTrusted) return true;
	const manage = vscode.l10n.t('Manage Workspace Trust');
	const pressed = await vscode.window.showWarningMessage(
		vscode.l10n.t('Models are not run before the workspace is trusted. Their graphs can be read.'),
		manage,
	);
	if (pressed === manage) await vscode.commands.executeCommand('workbench.trust.manage');
	return false;
}
