import { readdirSync } from 'node:fs';
import { posix } from 'node:path';

/** Folders whose code ships, each as a bundle of its own or part of one. */
export const shippedFolders = ['extension', 'webview', 'kernels', 'cli'] as const;

const notOurs = /(^|\/)(node_modules|dist|\.cache|\.git|test-results|__pycache__)(\/|$)/;

/** Every file under a folder, as paths from the root with forward slashes. */
export function filesUnder(folder: string): string[] {
	return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
		const path = posix.join(folder, entry.name);
		if (notOurs.test(path)) return [];
		return entry.isDirectory() ? filesUnder(path) : [path];
	});
}

/** The folders directly in a folder. */
export function foldersIn(folder: string): string[] {
	return readdirSync(folder, { withFileTypes: true })
		.filter((entry) => entry.isDirectory())
		.map(({ name }) => name);
}

export function shippedSources(): string[] {
	return shippedFolders
		.flatMap(filesUnder)
		.filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'));
}
