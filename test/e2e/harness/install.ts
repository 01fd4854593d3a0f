import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { installExtension, type InstalledEditor } from '../../../scripts/code-server.mjs';

declare module 'vitest' {
	interface ProvidedContext {
		editor: InstalledEditor;
		/** The packed extension. */
		vsix: string;
		/** Holds the extension under test and nothing else. */
		extensionsFolder: string;
	}
}

function required(name: string): string {
	const value = process.env[name];
	if (value === undefined)
		throw new Error(`${name} is not set: run the journeys with \`npm run test:e2e\``);
	return value;
}

/** Installs the packed extension once, the way a person would; every journey's editor then loads it from there. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
	const editor = JSON.parse(required('ATTNSCOPE_EDITOR')) as InstalledEditor;
	const home = await mkdtemp(join(tmpdir(), 'attnscope-e2e-'));
	const extensionsFolder = join(home, 'extensions');
	const vsix = required('ATTNSCOPE_VSIX');
	await installExtension({ editor, home, extensionsFolder }, vsix);
	project.provide('vsix', vsix);
	project.provide('editor', editor);
	project.provide('extensionsFolder', extensionsFolder);
	return () => rm(home, { recursive: true, force: true, maxRetries: 5 });
}
