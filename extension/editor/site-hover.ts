import * as vscode from 'vscode';
import type { Services } from '../workspace/services.ts';
import type { CodeSites } from './code-sites.ts';
import { hoverCommands, hoverText, moreText } from './hover-text.ts';

/** More sites than this would make a hover longer than the window. */
const mostPictures = 3;

/** On a line that makes attention sites: their small pictures, and where to go from there. */
export class SiteHover implements vscode.HoverProvider {
	constructor(
		private readonly services: Services,
		private readonly codeSites: CodeSites,
	) {}

	async provideHover(
		document: vscode.TextDocument,
		{ line }: vscode.Position,
	): Promise<vscode.Hover | undefined> {
		const found = await this.codeSites.of(document);
		const ids = new Set(
			found?.lines.filter((linked) => linked.line === line).flatMap(({ sites }) => sites),
		);
		if (!found || ids.size === 0) return undefined;
		const { uri, state } = found;
		const texts = state.model.sites
			.filter(({ id }) => ids.has(id))
			.map((site) =>
				hoverText(
					{
						target: { model: uri.toString(), site: site.id },
						modelName: state.model.name,
						site,
						findings: this.services.results.site(uri, site.id),
						outdated: this.services.results.outdatedBecause(uri),
						canRun: vscode.workspace.isTrusted,
					},
					themeKind(),
					vscode.l10n.t,
				),
			);
		const shown = texts.slice(0, mostPictures);
		const left = texts.length - shown.length;
		if (left > 0) {
			const all = { model: uri.toString(), sites: [...ids] };
			shown.push(moreText(all, left, vscode.l10n.t));
		}
		return new vscode.Hover(shown.map(trusted));
	}
}

function trusted(text: string): vscode.MarkdownString {
	const markdown = new vscode.MarkdownString(text);
	markdown.isTrusted = { enabledCommands: hoverCommands };
	return markdown;
}

function themeKind(): 'dark' | 'light' {
	const { Light, HighContrastLight } = vscode.ColorThemeKind;
	const { kind } = vscode.window.activeColorTheme;
	return kind === Light || kind === HighContrastLight ? 'light' : 'dark';
}
