import { copyFile, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVSIX } from '@vscode/vsce';
import { build } from 'esbuild';
import type { TestProject } from 'vitest/node';
import { installExtension, type InstalledEditor } from '../../../scripts/code-server.mjs';

declare module 'vitest' {
	interface ProvidedContext {
		editor: InstalledEditor;
		/** The packed extension. */
		vsix: string;
		/** Holds the extension under test and nothing else. */
		extensionsFolder: string;
		/** Holds it and the one that serves files from memory. */
		withMemoryFiles: string;
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
	const withMemoryFiles = join(home, 'with-memory-files');
	await cp(extensionsFolder, withMemoryFiles, { recursive: true });
	const memoryFiles = await packMemoryFiles(home);
	await installExtension({ editor, home, extensionsFolder: withMemoryFiles }, memoryFiles);
	project.provide('withMemoryFiles', withMemoryFiles);
	return () => rm(home, { recursive: true, force: true, maxRetries: 5 });
}

/** The test extension in `memory-files/`, built and packed like any other. */
async function packMemoryFiles(home: string): Promise<string> {
	const source = join(import.meta.dirname, '../memory-files');
	const folder = join(home, 'memory-files');
	await mkdir(folder);
	await copyFile(join(source, 'package.json'), join(folder, 'package.json'));
	await build({
		entryPoints: [join(source, 'extension.ts')],
		outfile: join(folder, 'extension.cjs'),
		...{ bundle: true, platform: 'node', format: 'cjs', external: ['vscode'], logLevel: 'error' },
	});
	const packagePath = join(home, 'memory-files.vsix');
	await createVSIX({ cwd: folder, packagePath, dependencies: false, allowMissingRepository: true });
	return packagePath;
}
