import type { AttentionSite } from '../protocol/model.ts';
import type { SiteResult } from '../protocol/run.ts';
import type { ModelTarget } from '../workspace/model-target.ts';
import type { Say } from '../workspace/say.ts';
import { siteFacts, siteNumbers } from './site-text.ts';

/** Commands that a hover may call. */
export const hoverCommands = ['attnscope.run', 'attnscope.goToSite', 'attnscope.goToNode'] as const;
type HoverCommand = (typeof hoverCommands)[number];

export interface HoverSite {
	readonly target: ModelTarget;
	readonly modelName: string;
	readonly site: AttentionSite;
	/** Undefined before the first run. */
	readonly result: SiteResult | undefined;
	/** Why the numbers are not those of the files as they are; empty where they are. */
	readonly outdated: string;
	readonly canRun: boolean;
}

/** A longer text is cut by the editor, and half a picture is none. */
const longestPicture = 80_000;

/** Markdown of one site: the finding, the numbers, where to go from here, and the picture. */
export function hoverText(hover: HoverSite, theme: 'dark' | 'light', say: Say): string {
	const { site, result, modelName, target } = hover;
	const title = `**${escapeMarkdown([...siteFacts(site, say), modelName].join(' · '))}**`;
	const links = [
		...(hover.canRun
			? [commandLink(result ? say('Run again') : say('Run'), 'attnscope.run', target)]
			: []),
		commandLink(say('Open large'), 'attnscope.goToSite', target),
		commandLink(say('Go to graph node'), 'attnscope.goToNode', target),
	].join(' | ');
	if (!result) return [title, escapeMarkdown(say('Not run yet.')), links].join('\n\n');
	return [
		title,
		escapeMarkdown(result.description),
		escapeMarkdown(siteNumbers(result, say).join(' · ')),
		result.proof.verified ? '' : escapeMarkdown(result.proof.reason),
		hover.outdated === '' ? '' : `*${escapeMarkdown(hover.outdated)}*`,
		links,
		pictureMarkdown(result.picture[theme], result.description),
	]
		.filter((part) => part !== '')
		.join('\n\n');
}

/** Image syntax with a `data:` uri: what hovers of every VS Code version show. */
function pictureMarkdown(svg: string, description: string): string {
	const encoded = Buffer.from(svg).toString('base64');
	if (svg === '' || encoded.length > longestPicture) return '';
	return `![${escapeMarkdown(description)}](data:image/svg+xml;base64,${encoded})`;
}

function commandLink(label: string, command: HoverCommand, target: ModelTarget): string {
	const args = encodeURIComponent(JSON.stringify([target]))
		// parentheses would end the link
		.replace(/[()]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
	return `[${escapeMarkdown(label)}](command:${command}?${args})`;
}

export function escapeMarkdown(text: string): string {
	return text.replace(/[\\`*_{}[\]()#+\-.!|<>~$&]/g, '\\$&').replace(/\s+/g, ' ');
}
