import * as vscode from 'vscode';
import { isModelTarget } from '../workspace/model-target.ts';
import type { Command, Parts } from './command.ts';
import { modelItem } from './find-target.ts';

/** Opens a model in a full tab; without one given, lets the user pick. */
export const openModel: Command = {
	id: 'attnscope.openModel',
	async execute(parts, argument) {
		const uri = givenUri(argument) ?? (await pickFile(parts));
		if (uri) await parts.pages.open(uri);
	},
};

function givenUri(argument: unknown): vscode.Uri | undefined {
	if (argument instanceof vscode.Uri) return argument;
	return isModelTarget(argument) ? vscode.Uri.parse(argument.model) : undefined;
}

async function pickFile({ services }: Parts): Promise<vscode.Uri | undefined> {
	const known = await services.models.list();
	if (known.length === 0) return await browse();
	const elsewhere = {
		label: vscode.l10n.t('Another file…'),
		iconPath: new vscode.ThemeIcon('folder-opened'),
		uri: undefined,
	};
	const picked = await vscode.window.showQuickPick([...known.map(modelItem), elsewhere], {
		title: vscode.l10n.t('Open a model'),
		matchOnDescription: true,
	});
	if (!picked) return undefined;
	return picked.uri ?? (await browse());
}

async function browse(): Promise<vscode.Uri | undefined> {
	const picked = await vscode.window.showOpenDialog({
		title: vscode.l10n.t('Open a model'),
		filters: { [vscode.l10n.t('ONNX models')]: ['onnx'] },
	});
	return picked?.[0];
}
