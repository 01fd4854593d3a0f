import * as vscode from 'vscode';
import type { Wish } from '../panel/page-state.ts';
import { ProtocolError } from '../protocol/parse.ts';
import type { ModelTarget } from '../workspace/model-target.ts';
import type { OpenModel } from '../workspace/open-model.ts';
import type { Command, Parts } from './command.ts';
import { findTarget } from './find-target.ts';

/** Runs a model where it is shown already, else in a tab of its own. */
export const run: Command = {
	id: 'attnscope.run',
	async execute(parts, argument) {
		const target = await targetToRun(parts, argument);
		if (target) await runIn(parts, vscode.Uri.parse(target.model), target.site);
	},
};

export async function runIn(parts: Parts, uri: vscode.Uri, site?: string): Promise<void> {
	await showIn(parts, uri, { run: true, ...(site !== undefined && { site }) });
}

/** Shows a view of a model where that is shown already, else in a tab of its own. A model that has run is not run again. */
export async function showView(
	parts: Parts,
	uri: vscode.Uri,
	view: NonNullable<Wish['view']>,
): Promise<void> {
	const page = parts.pages.of(uri);
	await showIn(parts, uri, { view, run: !page?.visible || page.status.phase !== 'ready' });
}

/** The page itself shows what a run found or why it failed, so that is only logged here. */
async function showIn(parts: Parts, uri: vscode.Uri, wish: Wish): Promise<void> {
	const page = parts.pages.of(uri);
	try {
		if (page?.visible) await page.show(uri, wish);
		else await parts.pages.open(uri, wish);
	} catch (error) {
		if (!(error instanceof ProtocolError)) throw error;
		parts.services.log.warn(error.message);
	}
}

/** The model that a command is to run; undefined where none was picked, or the workspace is not trusted. */
export async function targetToRun(
	parts: Parts,
	argument: unknown,
): Promise<ModelTarget | undefined> {
	return (await isTrusted()) ? await findTarget(parts, argument) : undefined;
}

/** The model of a file; of one that cannot be read the page says why. */
export async function readModel(parts: Parts, uri: vscode.Uri): Promise<OpenModel | undefined> {
	const state = await parts.services.models.load(uri);
	if (state.kind === 'read') return state.model;
	await parts.pages.open(uri);
	return undefined;
}

/** Says so where it is not, with the way to change it. */
async function isTrusted(): Promise<boolean> {
	if (vscode.workspace.isTrusted) return true;
	const manage = vscode.l10n.t('Manage Workspace Trust');
	const pressed = await vscode.window.showWarningMessage(
		vscode.l10n.t('Models are not run before the workspace is trusted. Their graphs can be read.'),
		manage,
	);
	if (pressed === manage) await vscode.commands.executeCommand('workbench.trust.manage');
	return false;
}
