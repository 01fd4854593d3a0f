import type { AttentionSite } from '../protocol/model.ts';
import type { SiteResult } from '../protocol/run.ts';
import type { ModelTarget } from '../workspace/model-target.ts';
import type { Say } from '../workspace/say.ts';
import { siteFacts, siteNumbers, weakestProof } from './site-text.ts';

/** Commands that a hover may call. */
export const hoverCommands = ['attnscope.run', 'attnscope.goToSite', 'attnscope.goToNode'] as const;
type HoverCommand = (typeof hoverCommands)[number];

export interface HoverSite {
	readonly target: ModelTarget;
	readonly modelName: string;
	readonly site: AttentionSite;
	/** What each view found; empty before the first run. */
	readonly findings: readonly SiteResult[];
	/** Why the numbers are not those of the files as they are; empty where they are. */
	readonly outdated: string;
	readonly canRun: boolean;
}

/** A longer text is cut by the editor, and half a picture is none. */
const longestPicture = 80_000;
/** CSS pixels: the picture, the numbers and the links fit in a hover together. */
const pictureWidth = 220;

/** Markdown of one site: its picture, the numbers, where to go from here, and the findings in words. */
export function hoverText(hover: HoverSite, theme: 'dark' | 'light', say: Say): string {
	const { site, findings, modelName, target } = hover;
	const [first, ...others] = findings;
	const title = `**${escapeMarkdown([...siteFacts(site, say), modelName].join(' · '))}**`;
	const runLabel = first ? say('Run again') : say('Run');
	const links = [
		...(hover.canRun ? [commandLink(runLabel, 'attnscope.run', target)] : []),
		commandLink(say('Open large'), 'attnscope.goToSite', target),
		commandLink(say('Go to graph node'), 'attnscope.goToNode', target),
	].join(' | ');
	if (!first) return [title, escapeMarkdown(say('Not run yet.')), links].join('\n\n');
	const proof = weakestProof(findings);
	return [
		title,
		pictureMarkdown(first.picture[theme], first.description),
		escapeMarkdown(siteNumbers(findings, say).join(' · ')),
		hover.outdated === '' ? '' : `*${escapeMarkdown(hover.outdated)}*`,
		links,
		escapeMarkdown(first.description),
		...others.flatMap(({ picture, description }) => [
			pictureMarkdown(picture[theme], description),
			escapeMarkdown(description),
		]),
		proof && !proof.verified ? escapeMarkdown(proof.reason) : '',
	]
		.filter((part) => part !== '')
		.join('\n\n');
}

/** Image syntax with a `data:` uri: what hovers of every VS Code version show. */
function pictureMarkdown(svg: string, description: string): string {
	const encoded = Buffer.from(svg).toString('base64');
	if (svg === '' || encoded.length > longestPicture) return '';
	const source = `data:image/svg+xml;base64,${encoded}|width=${pictureWidth}`;
	return `![${escapeMarkdown(description)}](${source})`;
}

/** Below the pictures that fit: all sites of the line, to pick from. */
export const moreText = (target: ModelTarget, more: number, say: Say): string =>
	commandLink(say('and {0} more layers', more), 'attnscope.goToSite', target);

function commandLink(label: string, command: HoverCommand, target: ModelTarget): string {
	const args = encodeURIComponent(JSON.stringify([target]))
		// parentheses would end the link
		.replace(/[()]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
	return `[${escapeMarkdown(label)}](command:${command}?${args})`;
}

export function escapeMarkdown(text: string): string {
	return text.replace(/[\\`*_{}[\]()#+\-.!|<>~$&]/g, '\\$&').replace(/\s+/g, ' ');
}
