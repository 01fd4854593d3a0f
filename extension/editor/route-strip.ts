import * as vscode from 'vscode';
import type { SiteResult } from '../protocol/run.ts';
import { Disposables } from '../workspace/disposables.ts';
import type { Services } from '../workspace/services.ts';
import type { CodeSites } from './code-sites.ts';

/** More layers than this would make the line longer than the window; the hover has them all. */
const mostStrips = 4;

/** After the line that chooses between the branches of a routed layer: what it chose in the last run, one strip a layer. */
export class RouteStrip {
	private readonly disposables = new Disposables();
	private readonly type = this.disposables.add(
		vscode.window.createTextEditorDecorationType({
			rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
		}),
	);

	constructor(
		private readonly services: Services,
		private readonly codeSites: CodeSites,
		private readonly failed: (error: unknown) => void,
	) {
		this.disposables.add(vscode.window.onDidChangeVisibleTextEditors(() => this.paint()));
		this.disposables.add(codeSites.onDidChange(() => this.paint()));
		this.paint();
	}

	dispose(): void {
		this.disposables.dispose();
	}

	private paint(): void {
		for (const editor of vscode.window.visibleTextEditors) {
			this.strips(editor.document).then(
				(strips) => editor.setDecorations(this.type, strips),
				this.failed,
			);
		}
	}

	private async strips(document: vscode.TextDocument): Promise<vscode.DecorationOptions[]> {
		const found = await this.codeSites.of(document);
		if (!found) return [];
		const outdated = this.services.results.outdatedBecause(found.uri);
		return found.lines
			.filter(({ target, line }) => target === 'route' && line < document.lineCount)
			.flatMap(({ line, sites }) =>
				sites
					.slice(0, mostStrips)
					.flatMap((site) => this.services.results.site(found.uri, site))
					.flatMap((result) => stripAfter(document.lineAt(line).range.end, result, outdated)),
			);
	}
}

/** @param outdated why the numbers are not those of the files as they are, which greys them; empty where they are */
function stripAfter(
	end: vscode.Position,
	{ strip }: SiteResult,
	outdated: string,
): vscode.DecorationOptions[] {
	if (!strip) return [];
	const after = (svg: string) => ({
		after: {
			contentIconPath: vscode.Uri.parse(
				`data:image/svg+xml;base64,${Buffer.from(outdated === '' ? svg : faded(svg)).toString('base64')}`,
			),
			margin: '0 0 0 2ch',
		},
	});
	const renderOptions = { dark: after(strip.dark), light: after(strip.light) };
	const range = new vscode.Range(end, end);
	return [{ range, renderOptions, ...(outdated !== '' && { hoverMessage: outdated }) }];
}

const faded = (svg: string) => svg.replace('<svg', '<svg opacity="0.35"');
