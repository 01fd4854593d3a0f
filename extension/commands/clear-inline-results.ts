import type { Command } from './command.ts';

/** Takes the numbers of earlier runs out of lenses, hovers and the tree, and the marks out of the code. */
export const clearInlineResults: Command = {
	id: 'attnscope.clearInlineResults',
	async execute({ services, mark }) {
		mark.clear();
		await services.results.clear();
	},
};
