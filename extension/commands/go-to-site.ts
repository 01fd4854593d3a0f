import * as vscode from 'vscode';
import { isModelTarget, type ModelTarget } from '../workspace/model-target.ts';
import type { Command, Parts } from './command.ts';
import { findTarget } from './find-target.ts';
import { pickSite, sitesAtCursor } from './pick-site.ts';

/** Shows a site large: the one given, that of the code at the cursor, or the user's pick where there are several. */
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
	if (isModelTarget(argument)) return await siteOf(parts, argument);
	const atCursor = await sitesAtCursor(parts);
	if (atCursor.length > 0) return await pickSite(parts, atCursor);
	const target = await findTarget(parts, argument);
	return target && (await siteOf(parts, target));
}

async function siteOf(parts: Parts, target: ModelTarget): Promise<ModelTarget | undefined> {
	const { model, site, sites } = target;
	if (site !== undefined) return target;
	if (sites) return await pickSite(parts, targetsOf(model, sites));
	const state = await parts.services.models.load(vscode.Uri.parse(model));
	if (state.kind === 'failed') {
		await vscode.window.showErrorMessage(state.problem);
		return undefined;
	}
	const all = state.model.sites.map(({ id }) => id);
	if (all.length > 0) return await pickSite(parts, targetsOf(model, all));
	await vscode.window.showInformationMessage(
		vscode.l10n.t('No attention was found in this model.'),
	);
	return undefined;
}

const targetsOf = (model: string, sites: readonly string[]): ModelTarget[] =>
	sites.map((site) => ({ model, site }));
