import type { PythonFile } from './python-file.ts';

/** The Python cells of a notebook's JSON; none where it is no notebook. Cell n has the uri `<uri>#cell<n>`, from 0. */
export function cellsOf(uri: string, json: string): PythonFile[] {
	const cells = cellsIn(json);
	return cells.flatMap((cell, at) => {
		const source = sourceOf(cell);
		return source === null ? [] : [{ uri: `${uri}#cell${at}`, text: source, notebook: uri }];
	});
}

function cellsIn(json: string): readonly unknown[] {
	try {
		const read = JSON.parse(json) as { cells?: unknown } | null;
		return Array.isArray(read?.cells) ? read.cells : [];
	} catch (error) {
		if (error instanceof SyntaxError) return [];
		throw error;
	}
}

function sourceOf(cell: unknown): string | null {
	if (typeof cell !== 'object' || cell === null) return null;
	const { cell_type: kind, source } = cell as { cell_type?: unknown; source?: unknown };
	if (kind !== 'code') return null;
	if (typeof source === 'string') return source;
	return Array.isArray(source) ? source.filter((line) => typeof line === 'string').join('') : null;
}
