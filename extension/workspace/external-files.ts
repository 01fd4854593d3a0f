import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import * as vscode from 'vscode';
import { FormatError } from '../onnx/byte-source.ts';
import { externalNeeds } from '../onnx/external-needs.ts';
import type { ModelIndex } from '../onnx/model-index.ts';
import { versionOf } from './model-file.ts';

/** A file beside a model that holds weights of it. */
export interface ExternalFile {
	/** Path in the model's folder, as written in the model. */
	readonly location: string;
	readonly uri: vscode.Uri;
	readonly bytes: number;
	readonly version: string;
}

/** The files that a model's weights stand in, or why it cannot be run without one of them. */
export interface ExternalFiles {
	readonly files: readonly ExternalFile[];
	/** All that the model names, missing ones too. */
	readonly named: readonly vscode.Uri[];
	/** Empty where nothing is missing. */
	readonly problem: string;
}

/** @throws FormatError `unsupported` for a link that leads out of the model's folder */
export async function findExternalFiles(
	model: vscode.Uri,
	index: ModelIndex,
): Promise<ExternalFiles> {
	const files: ExternalFile[] = [];
	const named: vscode.Uri[] = [];
	const problems: string[] = [];
	for (const { location, bytes } of externalNeeds(index)) {
		const uri = vscode.Uri.joinPath(model, '..', ...location.split(/[\\/]/));
		named.push(uri);
		const size = await sizeOf(uri);
		if (size === undefined)
			problems.push(
				vscode.l10n.t('Weights of this model stand in {0}, which is not beside it.', location),
			);
		else if (size < bytes)
			problems.push(
				vscode.l10n.t(
					'The model reads {0} up to byte {1}, and the file has {2} bytes.',
					location,
					bytes,
					size,
				),
			);
		else {
			await refuseOutside(model, uri, location);
			files.push({ location, uri, bytes: size, version: await versionOf(uri) });
		}
	}
	return { files, named, problem: problems.join(' ') };
}

async function sizeOf(uri: vscode.Uri): Promise<number | undefined> {
	try {
		return (await vscode.workspace.fs.stat(uri)).size;
	} catch (error) {
		if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return undefined;
		throw error;
	}
}

/** A path that stays in the folder by its letters may still leave it by a symbolic link. */
async function refuseOutside(model: vscode.Uri, file: vscode.Uri, location: string): Promise<void> {
	if (file.scheme !== 'file') return;
	const folder = await realpath(vscode.Uri.joinPath(model, '..').fsPath);
	const target = await realpath(file.fsPath);
	if (!target.startsWith(folder.endsWith(sep) ? folder : folder + sep))
		throw new FormatError(
			'unsupported',
			0,
			`External data must lie in the model's folder; ${location} is a link to ${target}`,
		);
}
