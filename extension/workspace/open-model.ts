import type { Uri } from 'vscode';
import { findSites } from '../attention/find-sites.ts';
import { indexModel } from '../onnx/index-model.ts';
import type { ModelIndex } from '../onnx/model-index.ts';
import type { AttentionSite } from '../protocol/model.ts';
import { versionOf, withModelBytes } from './model-file.ts';

/** A model as its file was at one moment; no handle stays open behind it. */
export interface OpenModel {
	readonly uri: Uri;
	/** The file's name. */
	readonly name: string;
	/** Another one whenever the file is written. */
	readonly version: string;
	readonly index: ModelIndex;
	readonly sites: readonly AttentionSite[];
}

/** @throws FormatError, or what the file system says */
export async function openModel(uri: Uri, signal: AbortSignal): Promise<OpenModel> {
	const version = await versionOf(uri);
	const index = await withModelBytes(uri, (source) => indexModel(source, signal));
	signal.throwIfAborted();
	const name = uri.path.slice(uri.path.lastIndexOf('/') + 1);
	return { uri, name, version, index, sites: findSites(index) };
}
