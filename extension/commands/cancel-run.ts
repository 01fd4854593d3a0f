import type { Command } from './command.ts';

/** Stops every run that is under way. */
export const cancelRun: Command = {
	id: 'attnscope.cancelRun',
	async execute({ pages }) {
		await Promise.all(pages.all.map((page) => page.cancelRun()));
	},
};
