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
	const uri = vscode.Uri.parse(file);
	const position = new vscode.Position(line - 1, 0);
	await vscode.window.showTextDocument(uri, {
		viewColumn: columnOf(file),
		selection: new vscode.Range(position, position),
	});
}

/** Where the file is open already, else a group without a picture in front, else a new one. */
function columnOf(file: string): vscode.ViewColumn {
	const groups = vscode.window.tabGroups.all;
	const holding = groups.find(({ tabs }) =>
		tabs.some(({ input }) => input instanceof vscode.TabInputText && input.uri.toString() === file),
	);
	const free = groups.find(({ activeTab }) => !(activeTab?.input instanceof vscode.TabInputCustom));
	return (holding ?? free)?.viewColumn ?? vscode.ViewColumn.Beside;
}
