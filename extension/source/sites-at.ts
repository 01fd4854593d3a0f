import type { CodeLink } from '../protocol/model.ts';
import { parsePython } from './parse-python.ts';
import type { PythonFile } from './python-file.ts';

/**
 * Sites that a line of Python stands for: those linked to the line itself, else those of the class around it.
 *
 * @param line counting from 1
 * @returns ids of sites, each once
 */
export function sitesAt(links: readonly CodeLink[], file: PythonFile, line: number): string[] {
	const here = links.filter((link) => link.file === file.uri);
	const exact = here.filter((link) => link.line === line);
	if (exact.length > 0) return unique(exact);
	const around = parsePython(file)
		.everyClass.filter((c) => c.line <= line && line <= c.endLine)
		.sort((a, b) => b.line - a.line);
	for (const { line: head } of around) {
		const sites = here.filter((link) => link.target === 'class' && link.line === head);
		if (sites.length > 0) return unique(sites);
	}
	return [];
}

const unique = (links: readonly CodeLink[]) => [...new Set(links.map(({ site }) => site))];
