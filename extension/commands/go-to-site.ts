import * as vscode from 'vscode';
import { siteFacts } from '../editor/site-text.ts';
import { isModelTarget, type ModelTarget } from '../workspace/model-target.ts';
import type { Command, Parts } from './command.ts';
import { findTarget, targetAtCursor } from './find-target.ts';

/** Shows a site large: the one given, the one of the code at the cursor, or the user's pick. */
export const goToSite: Command = {
	id: 'attnscope.goToSite',
	async execute(parts, argument) {
		const target = await siteTarget(parts, argument);
		if (!target?.site) return;
		const uri = vscode.Uri.parse(target.model);
		await parts.pages.open(uri, { site: target.site });
		await parts.tree.select(uri, target.site);
	},
};

/** A model and a site of it, or undefined where the user picked none. */
export async function siteTarget(
	parts: Parts,
	argument: unknown,
): Promise<ModelTarget | undefined> {
	if (isModelTarget(argument)) return argument.site ? argument : await pickSite(parts, argument);
	const atCursor = await targetAtCursor(parts);
	if (atCursor) return atCursor;
	const target = await findTarget(parts, argument);
	return target && (await pickSite(parts, target));
}

async function pickSite(
	{ services }: Parts,
	{ model }: ModelTarget,
): Promise<ModelTarget | undefined> {
	const state = await services.models.load(vscode.Uri.parse(model));
	if (state.kind === 'failed') {
		await vscode.window.showErrorMessage(state.problem);
		return undefined;
	}
	const items = state.model.sites.map((site) => ({
		label: siteFacts(site, vscode.l10n.t).join(' · '),
		description: site.path,
		site: site.id,
	}));
	if (items.length === 0) {
		await vscode.window.showInformationMessage(
			vscode.l10n.t('No attention was found in this model.'),
		);
		return undefined;
	}
	const picked = await vscode.window.showQuickPick(items, {
		title: vscode.l10n.t('Go to which attention site?'),
		matchOnDescription: true,
	});
	return picked && { model, site: picked.site };
}
