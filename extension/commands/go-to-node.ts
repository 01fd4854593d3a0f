import * as vscode from 'vscode';
import type { ModelTarget } from '../workspace/model-target.ts';
import type { Command, Parts } from './command.ts';
import { siteTarget } from './go-to-site.ts';

/** Goes to the graph node behind a site in the tree of models, its tensors unfolded. */
export const goToNode: Command = {
	id: 'attnscope.goToNode',
	async execute(parts, argument) {
		const shown = argument === undefined ? shownSite(parts) : argument;
		const target = await siteTarget(parts, shown);
		if (target?.site) await parts.tree.goToNode(vscode.Uri.parse(target.model), target.site);
	},
};

/** The site in the picture in front; where code is in front, the cursor says which. */
function shownSite({ pages, services }: Parts): ModelTarget | undefined {
	const uri = vscode.window.activeTextEditor ? undefined : pages.current?.uri;
	const site = uri && services.memory.site(uri.toString());
	return uri && site ? { model: uri.toString(), site } : undefined;
}
