import { Uri, workspace } from 'vscode';
import { findSites } from '../attention/find-sites.ts';
import { indexModel } from '../onnx/index-model.ts';
import type { ModelIndex } from '../onnx/model-index.ts';
import type { AttentionSite, TrainingRun } from '../protocol/model.ts';
import { findExternalFiles, type ExternalFiles } from './external-files.ts';
import { versionOf, withModelBytes } from './model-file.ts';
import { readTraining } from './training-runs.ts';

/** A model as its file was at one moment; no handle stays open behind it. */
export interface OpenModel {
	readonly uri: Uri;
	/** The file's name. */
	readonly name: string;
	/** Another one whenever the file, or one with its weights, is written. */
	readonly version: string;
	/** Of the model file alone. */
	readonly fileVersion: string;
	readonly index: ModelIndex;
	readonly sites: readonly AttentionSite[];
	readonly external: ExternalFiles;
	readonly training: readonly TrainingRun[];
}

/** @throws FormatError, or what the file system says */
export async function openModel(uri: Uri, signal: AbortSignal): Promise<OpenModel> {
	const fileVersion = await versionOf(uri);
	const index = await withModelBytes(uri, (source) => indexModel(source, signal));
	signal.throwIfAborted();
	const name = uri.path.slice(uri.path.lastIndexOf('/') + 1);
	const external = await findExternalFiles(uri, index);
	const version = [fileVersion, ...external.files.map((file) => file.version)].join(' ');
	const training = await readTraining(async (path) => {
		const file = Uri.joinPath(uri, '..', path);
		return new TextDecoder().decode(await workspace.fs.readFile(file));
	});
	return { uri, name, version, fileVersion, index, sites: findSites(index), external, training };
}
