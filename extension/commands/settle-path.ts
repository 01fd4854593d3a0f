import * as vscode from 'vscode';
import type { CodeLink } from '../protocol/model.ts';
import { pinsFile, savePath } from '../workspace/pins-file.ts';
import type { Services } from '../workspace/services.ts';

/**
 * Asks which file an exported path stands for where several fit, and never again for that path of the model.
 *
 * @returns false where the user turned the question away
 */
export async function settlePath(
	{ memory, models }: Services,
	model: vscode.Uri,
	{ path, candidates }: NonNullable<CodeLink['ambiguous']>,
): Promise<boolean> {
	if (memory.paths(model.toString()).has(path)) return true;
	const shown = candidates.map((file) => vscode.workspace.asRelativePath(vscode.Uri.parse(file)));
	const choices: (vscode.QuickPickItem & { file: string | null })[] = candidates.map(
		(file, at) => ({ label: shown[at]!, file, iconPath: new vscode.ThemeIcon('symbol-file') }),
	);
	const guess = {
		label: vscode.l10n.t('Keep the guess: {0}', shown[0]!),
		description: vscode.l10n.t('by the function at the line, then the nearest to the model'),
		iconPath: new vscode.ThemeIcon('question'),
		file: null,
	};
	const picked = await vscode.window.showQuickPick([...choices, guess], {
		title: vscode.l10n.t('Which file is {0}?', path),
		placeHolder: vscode.l10n.t('Several files fit the path in the model. You are asked once.'),
	});
	if (!picked) return false;
	await save(picked.file);
	await models.linkAgain(model);
	return true;

	/** Beside the model, where the folder may be written to. */
	async function save(file: string | null): Promise<void> {
		try {
			if (file !== null && vscode.workspace.isTrusted) {
				await savePath(model, path, file);
				return;
			}
		} catch (error) {
			const why = error instanceof Error ? error.message : String(error);
			void vscode.window.showWarningMessage(
				vscode.l10n.t(
					'The answer could not be saved in {0} and is remembered for this workspace only: {1}',
					vscode.workspace.asRelativePath(pinsFile(model)),
					why,
				),
			);
		}
		await memory.setPath(model.toString(), path, file);
	}
}
