import * as vscode from 'vscode';

/** Folders of packages and caches: what lies in them is not the user's. */
const elsewhere = ['node_modules', '.venv', 'venv', 'env', 'site-packages', '__pycache__', '.git'];
/** Of a workspace that has to be walked: enough for a repository, and an end for a file system without one. */
const mostFolders = 2_000;

/**
 * The files of the workspace with one of the extensions, at most `most` of them.
 * Folders that are on no disk are walked: their file systems need not offer a search, and the editor would wait for one
 * for ever.
 *
 * @param extensions without the dot, such as `py`
 * @param alsoSkipped names of folders that are not looked into, beside those of packages and caches
 */
export async function findFiles(
	extensions: readonly string[],
	most: number,
	alsoSkipped: readonly string[] = [],
): Promise<vscode.Uri[]> {
	const skipped = [...elsewhere, ...alsoSkipped];
	const folders = vscode.workspace.workspaceFolders ?? [];
	const found = await Promise.all(
		folders.map(({ uri }) =>
			uri.scheme === 'file'
				? search(uri, extensions, most, skipped)
				: walk(uri, extensions, most, skipped),
		),
	);
	return found.flat().slice(0, most);
}

async function search(
	folder: vscode.Uri,
	extensions: readonly string[],
	most: number,
	skipped: readonly string[],
): Promise<vscode.Uri[]> {
	const pattern = extensions.length > 1 ? `{${extensions.join(',')}}` : extensions.join();
	return await vscode.workspace.findFiles(
		new vscode.RelativePattern(folder, `**/*.${pattern}`),
		`**/{${skipped.join(',')}}/**`,
		most,
	);
}

async function walk(
	root: vscode.Uri,
	extensions: readonly string[],
	most: number,
	skipped: readonly string[],
): Promise<vscode.Uri[]> {
	const found: vscode.Uri[] = [];
	const open = [root];
	for (let seen = 0; open.length > 0 && seen < mostFolders && found.length < most; seen++) {
		const folder = open.shift()!;
		for (const [name, type] of await entriesOf(folder)) {
			const uri = vscode.Uri.joinPath(folder, name);
			// a link to a folder may lead back to where it stands
			if (type === vscode.FileType.Directory && !skipped.includes(name)) open.push(uri);
			const extension = name.slice(name.lastIndexOf('.') + 1);
			if ((type & vscode.FileType.File) !== 0 && extensions.includes(extension)) found.push(uri);
		}
	}
	return found;
}

/** A folder that went away, or may not be read, holds nothing. */
async function entriesOf(folder: vscode.Uri): Promise<[string, vscode.FileType][]> {
	try {
		return await vscode.workspace.fs.readDirectory(folder);
	} catch {
		return [];
	}
}
