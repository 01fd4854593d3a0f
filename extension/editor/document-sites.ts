import type { CodeLink } from '../protocol/model.ts';

/** A line of a document that model code stands on, and the sites that it makes. */
export interface SiteLine {
	/** Counting from 0. */
	readonly line: number;
	readonly target: CodeLink['target'];
	/** Ids, in graph order. */
	readonly sites: readonly string[];
}

/** Links into one file by line, first line first; where a line is linked in several ways, each is listed. */
export function siteLines(links: readonly CodeLink[], file: string): SiteLine[] {
	const lines = new Map<string, { line: number; target: CodeLink['target']; sites: string[] }>();
	for (const link of links) {
		if (link.file !== file || !link.found || link.line < 1) continue;
		const key = `${link.line} ${link.target}`;
		const known = lines.get(key) ?? { line: link.line - 1, target: link.target, sites: [] };
		if (!known.sites.includes(link.site)) known.sites.push(link.site);
		lines.set(key, known);
	}
	return [...lines.values()].sort((a, b) => a.line - b.line);
}

/**
 * The sites that the code at a line makes: those linked to the line itself, else those of the class around it.
 *
 * @param line counting from 0
 */
export function sitesAt(
	lines: readonly SiteLine[],
	text: readonly string[],
	line: number,
): readonly string[] {
	const here = lines.filter((linked) => linked.line === line);
	if (here.length > 0) return [...new Set(here.flatMap(({ sites }) => sites))];
	const around = lines
		.filter(
			(linked) =>
				linked.target === 'class' &&
				linked.line < line &&
				line <= lastLineOfBlock(text, linked.line),
		)
		.at(-1);
	return around?.sites ?? [];
}

/** The last line of the indented block that a line opens; comments and empty lines do not end a block. */
export function lastLineOfBlock(text: readonly string[], opening: number): number {
	const indent = indentOf(text[opening] ?? '');
	let last = opening;
	for (let line = opening + 1; line < text.length; line++) {
		const written = text[line]!;
		if (/^\s*(#|$)/.test(written)) continue;
		if (indentOf(written) <= indent && !/^\s*[)\]}]/.test(written)) break;
		last = line;
	}
	return last;
}

function indentOf(line: string): number {
	return /^\s*/.exec(line)![0].length;
}

/** A model whose sites a document makes. */
export interface Candidate {
	readonly model: string;
	/** Links into the document. */
	readonly lines: readonly SiteLine[];
	/** Place among the models last used, 0 the latest; infinite where it was never used. */
	readonly recency: number;
	/** Folders between document and model. */
	readonly distance: number;
}

/** The models that a document makes, first the one to show beside it: the one last used, else the nearest, else by name. */
export function rankModels<T extends Candidate>(candidates: readonly T[]): T[] {
	return [...candidates]
		.filter(({ lines }) => lines.length > 0)
		.sort(
			(a, b) =>
				compare(a.recency, b.recency) ||
				a.distance - b.distance ||
				a.model.length - b.model.length ||
				compare(a.model, b.model),
		);
}

/** Sites with the one last looked at before the others. */
export const recentFirst = (sites: readonly string[], last: string | null): readonly string[] =>
	last !== null && sites.includes(last) ? [last, ...sites.filter((site) => site !== last)] : sites;

const compare = <T extends string | number>(a: T, b: T) => (a < b ? -1 : a > b ? 1 : 0);

/** Steps from one path's folder to the other's. */
export function folderDistance(a: string, b: string): number {
	const [one, other] = [a.split('/').slice(0, -1), b.split('/').slice(0, -1)];
	let common = 0;
	while (common < Math.min(one.length, other.length) && one[common] === other[common]) common++;
	return one.length + other.length - 2 * common;
}
