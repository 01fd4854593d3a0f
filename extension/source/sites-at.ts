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
	const classes = [...parsePython(file).classes.values()];
	const around = classes.find((c) => c.line <= line && line <= c.endLine);
	return around
		? unique(here.filter((link) => link.target === 'class' && link.line === around.line))
		: [];
}

const unique = (links: readonly CodeLink[]) => [...new Set(links.map(({ site }) => site))];
