import * as vscode from 'vscode';
import type { CodeLink } from '../protocol/model.ts';
import type { Command } from './command.ts';
import { settlePath } from './settle-path.ts';
import { findTarget } from './find-target.ts';
import { siteTarget } from './go-to-site.ts';

/** Opens the Python class that makes a site, beside the picture rather than over it. */
export const goToCode: Command = {
	id: 'attnscope.goToCode',
	async execute(parts, argument) {
		const found = await findTarget(parts, argument);
		const target = found?.sites ? await siteTarget(parts, found) : found;
		if (!target) return;
		const uri = vscode.Uri.parse(target.model);
		const site = target.site ?? parts.services.memory.site(target.model) ?? (await firstSite());
		const link = await bestLink();
		if (link?.ambiguous && !(await settlePath(parts.services, uri, link.ambiguous))) return;
		const settled = link?.ambiguous ? await bestLink() : link;
		if (settled?.found) await openLine(settled);
		else await vscode.window.showInformationMessage(whyNot(settled));

		async function bestLink(): Promise<CodeLink | undefined> {
			return site === undefined ? undefined : (await parts.codeSites.linksOf(uri, site))[0];
		}

		async function firstSite(): Promise<string | undefined> {
			const state = await parts.services.models.load(uri);
			return state.kind === 'read' ? state.model.sites[0]?.id : undefined;
		}
	},
};

function whyNot(link: CodeLink | undefined): string {
	return link
		? vscode.l10n.t(
				'The code is line {0} of {1}, which is not in this workspace.',
				link.line,
				link.file,
			)
		: vscode.l10n.t(
				'The model does not say which code made this layer. Export it with module names, or with verbose=True for file lines.',
			);
}

async function openLine({ file, line }: CodeLink): Promise<void> {
	const position = new vscode.Position(line - 1, 0);
	const selection = new vscode.Range(position, position);
	const cell = cellOf(file);
	if (cell) {
		await openCell(cell, selection);
		return;
	}
	await vscode.window.showTextDocument(vscode.Uri.parse(file), {
		viewColumn: columnOf(file),
		selection,
	});
}

/** The cell of an open notebook that a file is; undefined for a file of its own. */
const cellOf = (file: string): vscode.NotebookCell | undefined =>
	vscode.workspace.notebookDocuments
		.flatMap((notebook) => notebook.getCells())
		.find(({ document }) => document.uri.toString() === file);

/** A cell is no editor that can be opened alone: its notebook is shown at the cell, and the cursor set in it. */
async function openCell(cell: vscode.NotebookCell, selection: vscode.Range): Promise<void> {
	const { notebook, index, document } = cell;
	await vscode.window.showNotebookDocument(notebook, {
		viewColumn: columnOf(notebook.uri.toString()),
		selections: [new vscode.NotebookRange(index, index + 1)],
	});
	const editor = vscode.window.visibleTextEditors.find((shown) => shown.document === document);
	if (!editor) return;
	editor.selection = new vscode.Selection(selection.start, selection.end);
	editor.revealRange(selection, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

/** Where the file is open already, else a group without a picture in front, else a new one. */
function columnOf(file: string): vscode.ViewColumn {
	const groups = vscode.window.tabGroups.all;
	const holding = groups.find(({ tabs }) =>
		tabs.some(
			({ input }) =>
				(input instanceof vscode.TabInputText || input instanceof vscode.TabInputNotebook) &&
				input.uri.toString() === file,
		),
	);
	const free = groups.find(({ activeTab }) => !(activeTab?.input instanceof vscode.TabInputCustom));
	return (holding ?? free)?.viewColumn ?? vscode.ViewColumn.Beside;
}
