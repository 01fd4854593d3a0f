import * as vscode from 'vscode';
import type { Command } from './command.ts';
import { siteTarget } from './go-to-site.ts';

/** Goes to the graph node behind a site in the tree of models, its tensors unfolded. */
export const goToNode: Command = {
	id: 'attnscope.goToNode',
	async execute(parts, argument) {
		const target = await siteTarget(parts, argument);
		if (target?.site) await parts.tree.goToNode(vscode.Uri.parse(target.model), target.site);
	},
};
