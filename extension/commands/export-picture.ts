import * as vscode from 'vscode';
import type { Command } from './command.ts';

type Format = 'svg' | 'png' | 'csv' | 'json';

/** Saves the picture of the page last used, or its data, with what repeats the run. */
export const exportPicture: Command = {
	id: 'attnscope.exportPicture',
	async execute({ pages }) {
		const page = pages.current;
		if (!page) return;
		const formats: readonly { label: string; description: string; format: Format }[] = [
			{ label: 'SVG', description: vscode.l10n.t('the picture, in lines and text'), format: 'svg' },
			{ label: 'PNG', description: vscode.l10n.t('the picture, in pixels'), format: 'png' },
			{ label: 'CSV', description: vscode.l10n.t('the data, as a table'), format: 'csv' },
			{
				label: 'JSON',
				description: vscode.l10n.t('the data, with the run’s manifest'),
				format: 'json',
			},
		];
		const picked = await vscode.window.showQuickPick(formats, {
			title: vscode.l10n.t('Export the picture as'),
		});
		if (picked) await page.exportPicture(picked.format);
	},
};
