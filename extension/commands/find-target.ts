import * as vscode from 'vscode';
import { modelViewType } from '../panel/pages.ts';
import { isModelTarget, type ModelTarget } from '../workspace/model-target.ts';
import type { Parts } from './command.ts';

/**
 * The model that a command is about: what it was called with, else the model in front, else the one that the code under
 * the cursor belongs to, else the one page or file there is, else the user's pick. Undefined where none was picked.
 */
export async function findTarget(
	parts: Parts,
	argument: unknown,
): Promise<ModelTarget | undefined> {
	if (isModelTarget(argument)) return argument;
	if (argument instanceof vscode.Uri) return { model: argument.toString() };
	const tab = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
	if (tab instanceof vscode.TabInputCustom && tab.viewType === modelViewType)
		return { model: tab.uri.toString() };
	const atCursor = await targetAtCursor(parts);
	if (atCursor) return atCursor;
	const shown = parts.pages.current?.uri;
	return shown ? { model: shown.toString() } : await pickModel(parts);
}

async function targetAtCursor({ codeSites, services }: Parts): Promise<ModelTarget | undefined> {
	const found = await codeSites.atCursor(vscode.window.activeTextEditor);
	if (!found) return undefined;
	const model = found.uri.toString();
	const last = services.memory.site(model);
	const site = last !== null && found.sites.includes(last) ? last : found.sites[0];
	return { model, ...(site !== undefined && { site }) };
}

export async function pickModel({ services }: Parts): Promise<ModelTarget | undefined> {
	const uris = await services.models.list();
	if (uris.length === 1) return { model: uris[0]!.toString() };
	if (uris.length === 0) {
		await vscode.commands.executeCommand('attnscope.openModel');
		return undefined;
	}
	const picked = await vscode.window.showQuickPick(uris.map(modelItem), {
		title: vscode.l10n.t('Which model?'),
	});
	return picked && { model: picked.uri.toString() };
}

export function modelItem(uri: vscode.Uri) {
	return {
		label: uri.path.slice(uri.path.lastIndexOf('/') + 1),
		description: vscode.workspace.asRelativePath(vscode.Uri.joinPath(uri, '..')),
		iconPath: new vscode.ThemeIcon('type-hierarchy'),
		uri,
	};
}
