import * as vscode from 'vscode';
import type { CodeLink } from '../protocol/model.ts';
import { Disposables } from '../workspace/disposables.ts';
import type { ModelState } from '../workspace/model-entry.ts';
import type { Services } from '../workspace/services.ts';
import { folderDistance, rankModels, siteLines, sitesAt, type SiteLine } from './document-sites.ts';

type ReadModel = Extract<ModelState, { kind: 'read' }>;

/** The model whose sites a document makes, and where. */
export interface DocumentSites {
	readonly uri: vscode.Uri;
	readonly state: ReadModel;
	readonly lines: readonly SiteLine[];
}

interface CursorSites {
	readonly uri: vscode.Uri;
	readonly sites: readonly string[];
}

/** Models further away than this many are not looked through for a document. */
const mostModels = 32;

/** Ties Python documents to the models that were exported from them. */
export class CodeSites {
	private readonly disposables = new Disposables();
	private readonly changed = this.disposables.add(new vscode.EventEmitter<void>());

	/** Lines, numbers or the model of some document are others now. */
	readonly onDidChange = this.changed.event;

	constructor(private readonly services: Services) {
		const { models, results } = services;
		for (const event of [models.onDidChange, models.onDidChangeList, results.onDidChange])
			this.disposables.add((event as vscode.Event<unknown>)(() => this.changed.fire()));
		this.disposables.add(vscode.workspace.onDidGrantWorkspaceTrust(() => this.changed.fire()));
	}

	async of(document: vscode.TextDocument): Promise<DocumentSites | undefined> {
		const [found] = await this.allOf(document);
		if (found) await this.services.results.load(found.uri);
		return found;
	}

	/** Every model that the document makes, the one last used first. */
	private async allOf(document: vscode.TextDocument): Promise<readonly DocumentSites[]> {
		if (document.languageId !== 'python') return [];
		const { models, memory } = this.services;
		const file = document.uri.toString();
		const near = [...(await models.list())]
			.sort(
				(a, b) =>
					folderDistance(a.path, document.uri.path) - folderDistance(b.path, document.uri.path),
			)
			.slice(0, mostModels);
		const states = await Promise.all(
			near.map(async (uri) => ({ uri, state: await models.load(uri) })),
		);
		const recent = memory.recentModels();
		return rankModels(
			states.flatMap(({ uri, state }) => {
				if (state.kind !== 'read') return [];
				const model = uri.toString();
				const lines = siteLines(state.links, file);
				const distance = folderDistance(uri.path, document.uri.path);
				return [{ uri, state, lines, model, recency: placeIn(recent, model), distance }];
			}),
		);
	}

	/** The sites that the code under the cursor makes, and their model. */
	async atCursor(editor: vscode.TextEditor | undefined): Promise<CursorSites | undefined> {
		const found = editor && (await this.of(editor.document));
		return found && sitesUnder(editor, [found])[0];
	}

	/** The same of every model that the code makes, the one last used first. */
	async allAtCursor(editor: vscode.TextEditor | undefined): Promise<readonly CursorSites[]> {
		return editor ? sitesUnder(editor, await this.allOf(editor.document)) : [];
	}

	/** Where the code of a site stands, the best place first: the class, the line that computes, the line that builds it. */
	async linksOf(uri: vscode.Uri, site: string): Promise<readonly CodeLink[]> {
		const state = await this.services.models.load(uri);
		if (state.kind === 'failed') return [];
		const order: readonly CodeLink['target'][] = ['class', 'call', 'build', 'route'];
		return state.links
			.filter((link) => link.site === site)
			.sort(
				(a, b) =>
					Number(b.found) - Number(a.found) || order.indexOf(a.target) - order.indexOf(b.target),
			);
	}

	dispose(): void {
		this.disposables.dispose();
	}
}

function sitesUnder(
	{ document, selection }: vscode.TextEditor,
	all: readonly DocumentSites[],
): CursorSites[] {
	const text = document.getText().split(/\r?\n/);
	return all.flatMap(({ uri, lines }) => {
		const sites = sitesAt(lines, text, selection.active.line);
		return sites.length > 0 ? [{ uri, sites }] : [];
	});
}

function placeIn(recent: readonly string[], model: string): number {
	const place = recent.indexOf(model);
	return place < 0 ? Infinity : place;
}
