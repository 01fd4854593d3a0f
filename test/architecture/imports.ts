import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';

/** What a file imports: paths from the root, or names of packages. */
export function importsOf(file: string): string[] {
	return ts
		.preProcessFile(readFileSync(file, 'utf8'))
		.importedFiles.map(({ fileName }) =>
			fileName.startsWith('.') ? posix.join(posix.dirname(file), fileName) : fileName,
		);
}

/** A chain of imports that ends where it began, or undefined. */
export function findCycle(files: readonly string[]): string[] | undefined {
	const imports = new Map(files.map((file) => [file, importsOf(file)]));
	const finished = new Set<string>();
	const visit = (file: string, chain: readonly string[]): string[] | undefined => {
		const start = chain.indexOf(file);
		if (start >= 0) return [...chain.slice(start), file];
		if (finished.has(file)) return undefined;
		for (const next of imports.get(file) ?? []) {
			const cycle = visit(next, [...chain, file]);
			if (cycle) return cycle;
		}
		finished.add(file);
		return undefined;
	};
	for (const file of files) {
		const cycle = visit(file, []);
		if (cycle) return cycle;
	}
	return undefined;
}
