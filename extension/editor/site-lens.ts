import * as vscode from 'vscode';
import type { ModelTarget } from '../workspace/model-target.ts';
import type { Services } from '../workspace/services.ts';
import { settings } from '../workspace/settings.ts';
import type { CodeSites, DocumentSites } from './code-sites.ts';
import type { SiteLine } from './document-sites.ts';
import { lensText, summaryLensText } from './site-text.ts';

/** More sites than this on one line of code share one lens. */
const mostLenses = 4;

/** Above a module's class, and above the line that builds it: what its sites measured in the last run. */
export class SiteLens implements vscode.CodeLensProvider {
	readonly onDidChangeCodeLenses: vscode.Event<void>;

	constructor(
		private readonly services: Services,
		private readonly codeSites: CodeSites,
	) {
		this.onDidChangeCodeLenses = codeSites.onDidChange;
	}

	async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
		if (!settings.codeLens) return [];
		const found = await this.codeSites.of(document);
		if (!found) return [];
		return found.lines
			.filter(({ target }) => target !== 'call')
			.flatMap((line) => this.lensesOf(found, line));
	}

	private lensesOf(found: DocumentSites, line: SiteLine): vscode.CodeLens[] {
		const range = new vscode.Range(line.line, 0, line.line, 0);
		const commands =
			line.sites.length > mostLenses
				? [this.summary(found, line.sites)]
				: line.sites.map((site) => this.single(found, site));
		return commands.map((command) => new vscode.CodeLens(range, command));
	}

	private single({ uri, state }: DocumentSites, id: string): vscode.Command {
		const site = state.model.sites.find((candidate) => candidate.id === id)!;
		const findings = this.services.results.site(uri, id);
		const text = lensText(site, findings, vscode.l10n.t);
		const target = { model: uri.toString(), site: id };
		const words = findings.map(({ description }) => description).join('\n');
		return words === '' ? this.openOrRun(target, text) : this.open(target, text, words);
	}

	private summary({ uri, state }: DocumentSites, ids: readonly string[]): vscode.Command {
		const sites = state.model.sites.filter(({ id }) => ids.includes(id));
		const results = ids.flatMap((id) => this.services.results.site(uri, id)[0] ?? []);
		const text = summaryLensText(sites, results, vscode.l10n.t);
		const target = { model: uri.toString(), sites: ids };
		return results.length > 0
			? this.open(target, text, vscode.l10n.t('Pick one of the layers'))
			: this.openOrRun(target, text);
	}

	private open(target: ModelTarget, text: string, words: string): vscode.Command {
		const uri = vscode.Uri.parse(target.model);
		const outdated = this.services.results.outdatedBecause(uri);
		return {
			title: outdated === '' ? text : vscode.l10n.t('{0} (out of date)', text),
			tooltip: [nameOf(uri), words, outdated].filter((part) => part !== '').join('\n'),
			command: 'attnscope.goToSite',
			arguments: [target],
		};
	}

	private openOrRun(target: ModelTarget, text: string): vscode.Command {
		const name = nameOf(vscode.Uri.parse(target.model));
		if (!vscode.workspace.isTrusted) return this.open(target, text, '');
		return {
			title: vscode.l10n.t('{0} · run', text),
			tooltip: vscode.l10n.t('Run {0} and measure its attention', name),
			command: 'attnscope.run',
			arguments: [target],
		};
	}
}

function nameOf(uri: vscode.Uri): string {
	return uri.path.slice(uri.path.lastIndexOf('/') + 1);
}
