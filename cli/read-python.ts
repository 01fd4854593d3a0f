import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { cellsOf } from '../extension/source/notebook-cells.ts';
import type { PythonFile } from '../extension/source/python-file.ts';

const MOST_FILES = 2000;
const MOST_BYTES = 1_000_000;
const DEEPEST = 8;
const skipped = new Set([
	'node_modules',
	'site-packages',
	'__pycache__',
	'venv',
	'env',
	'build',
	'dist',
]);
/** A folder with one of these is the root of a workspace. */
const roots = new Set(['.git', '.hg', 'pyproject.toml', 'setup.py', '.vscode', 'package.json']);
const MOST_PARENTS = 6;

/**
 * Python files and notebooks of a folder; of none, those in the workspace around a model.
 *
 * @throws Node's own error where the folder that was named cannot be read
 */
export async function readPython(model: string, folder?: string): Promise<PythonFile[]> {
	const files: PythonFile[] = [];
	if (folder !== undefined) await readdir(folder);
	await gather(
		folder === undefined ? await workspaceOf(dirname(model)) : resolve(folder),
		0,
		files,
	);
	return files;
}

/** The nearest folder upward that looks like the root of a project; else the model's own. */
async function workspaceOf(folder: string): Promise<string> {
	let current = folder;
	for (let up = 0; up < MOST_PARENTS; up++) {
		const names = await readdir(current).catch(() => []);
		if (names.some((name) => roots.has(name))) return current;
		const parent = dirname(current);
		if (parent === current) break;
		current = parent;
	}
	return folder;
}

async function gather(folder: string, depth: number, files: PythonFile[]): Promise<void> {
	const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
	for (const entry of entries) {
		if (files.length >= MOST_FILES) return;
		const path = join(folder, entry.name);
		if (
			entry.isDirectory() &&
			depth < DEEPEST &&
			!skipped.has(entry.name) &&
			!entry.name.startsWith('.')
		) {
			await gather(path, depth + 1, files);
		} else if (entry.isFile()) files.push(...(await readOne(path)));
	}
}

async function readOne(path: string): Promise<PythonFile[]> {
	const extension = extname(path);
	if (extension !== '.py' && extension !== '.ipynb') return [];
	// a notebook carries its pictures; its code is a small part of it
	const most = extension === '.py' ? MOST_BYTES : 20 * MOST_BYTES;
	if ((await stat(path)).size > most) return [];
	const text = await readFile(path, 'utf8');
	return extension === '.py' ? [{ uri: path, text }] : cellsOf(path, text);
}
