import * as vscode from 'vscode';
import { recentFirst } from '../editor/document-sites.ts';
import { siteFacts } from '../editor/site-text.ts';
import type { ModelTarget } from '../workspace/model-target.ts';
import type { Parts } from './command.ts';

/** Every site that the code under the cursor makes, in whichever model, the one last looked at first. */
export async function sitesAtCursor({ codeSites, services }: Parts): Promise<ModelTarget[]> {
	const found = await codeSites.allAtCursor(vscode.window.activeTextEditor);
	return found.flatMap(({ uri, sites }) => {
		const model = uri.toString();
		return recentFirst(sites, services.memory.site(model)).map((site) => ({ model, site }));
	});
}

/** The only one of some sites, else the user's pick; undefined where none was picked. */
export async function pickSite(
	{ services }: Parts,
	targets: readonly ModelTarget[],
): Promise<ModelTarget | undefined> {
	if (targets.length <= 1) return targets[0];
	const items = await Promise.all(
		targets.map(async (target) => {
			const uri = vscode.Uri.parse(target.model);
			const state = await services.models.load(uri);
			const site =
				state.kind === 'read' ? state.model.sites.find(({ id }) => id === target.site) : undefined;
			return {
				label: site ? siteFacts(site, vscode.l10n.t).join(' · ') : (target.site ?? ''),
				description: [site?.path ?? '', vscode.workspace.asRelativePath(uri)]
					.filter((part) => part !== '')
					.join(' · '),
				target,
			};
		}),
	);
	const picked = await vscode.window.showQuickPick(items, {
		title: vscode.l10n.t('Which attention site?'),
		matchOnDescription: true,
	});
	return picked?.target;
}
