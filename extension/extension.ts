import * as vscode from 'vscode';
import type { Parts } from './commands/command.ts';
import { commands, registerCommand } from './commands/commands.ts';
import { CodeSites } from './editor/code-sites.ts';
import { ContextKeys } from './editor/context-keys.ts';
import { FollowCursor } from './editor/follow-cursor.ts';
import { ModelTree } from './editor/model-tree.ts';
import { RouteStrip } from './editor/route-strip.ts';
import { SiteHover } from './editor/site-hover.ts';
import { SiteLens } from './editor/site-lens.ts';
import { SiteMark } from './editor/site-mark.ts';
import { StatusBar } from './editor/status-bar.ts';
import { ModelEditor } from './panel/model-editor.ts';
import { modelViewType, Pages } from './panel/pages.ts';
import { SideView } from './panel/side-view.ts';
import { Inputs } from './workspace/inputs.ts';
import { Memory } from './workspace/memory.ts';
import { ModelStore } from './workspace/model-store.ts';
import { PythonFiles } from './workspace/python-files.ts';
import { RunResults } from './workspace/run-results.ts';
import type { Services } from './workspace/services.ts';

/** Builds the parts and joins them. Nothing is read before someone looks at a model or at its code. */
export function activate(context: vscode.ExtensionContext): void {
	const own = <T extends vscode.Disposable>(part: T): T => {
		context.subscriptions.push(part);
		return part;
	};
	const log = own(vscode.window.createOutputChannel('Attnscope', { log: true }));
	const memory = new Memory(context.workspaceState);
	const python = own(new PythonFiles());
	const models = own(new ModelStore(python, memory, log));
	const inputs = own(new Inputs(memory));
	const storage = context.storageUri ?? context.globalStorageUri;
	const results = own(new RunResults(vscode.Uri.joinPath(storage, 'runs'), models, python, log));
	const services: Services = { context, log, memory, python, models, inputs, results };

	const pages = own(new Pages(services));
	const side = own(new SideView(pages));
	const codeSites = own(new CodeSites(services));
	const tree = own(new ModelTree(services));
	const mark = own(new SiteMark(pages, codeSites, (error) => log.warn(String(error))));
	own(new RouteStrip(services, codeSites, (error) => log.warn(String(error))));
	own(new StatusBar(pages));
	own(new ContextKeys(services, pages));
	own(new FollowCursor(services, codeSites, side));
	own(pages.onDidSelectSite(({ uri, site }) => void tree.select(uri, site)));

	const keep = { webviewOptions: { retainContextWhenHidden: true } };
	const editor = new ModelEditor(pages, models, (uri) => memory.touchModel(uri.toString()));
	own(vscode.window.registerCustomEditorProvider(modelViewType, editor, keep));
	own(vscode.window.registerWebviewViewProvider('attnscope.side', side, keep));
	const code = { language: 'python' };
	own(vscode.languages.registerCodeLensProvider(code, new SiteLens(services, codeSites)));
	own(vscode.languages.registerHoverProvider(code, new SiteHover(services, codeSites)));

	const parts: Parts = { services, pages, side, codeSites, tree, mark };
	for (const command of commands) own(registerCommand(command, parts));
}
