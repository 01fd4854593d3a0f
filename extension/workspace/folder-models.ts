import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { findSites } from '../attention/find-sites.ts';
import { planSiteProbes } from '../attention/graph-questions.ts';
import { bytesSource } from '../onnx/bytes-source.ts';
import { indexModel } from '../onnx/index-model.ts';
import type { ProbePlan, ProbeRequest } from '../protocol/messages.ts';
import type { ModelName, ModelSummary } from '../protocol/model.ts';

import { InputError } from './input-error.ts';
import { summarizeModel } from './model-summary.ts';

/** The models beside one in the file system, and in the folders beside its own, for where there is no editor. */
export class FolderModels {
	/** @param folder of the model on show */
	constructor(private readonly folder: string) {}

	async list(): Promise<ModelName[]> {
		const parent = dirname(this.folder);
		const names = (await readdir(parent)).sort();
		const found = await Promise.all(
			names.map(async (name) => {
				const folder = join(parent, name);
				if (!(await stat(folder)).isDirectory()) return [];
				const files = (await readdir(folder)).filter((file) => file.endsWith('.onnx')).sort();
				return files.map((file) => ({
					uri: pathToFileURL(join(folder, file)).href,
					name: `${name}/${file}`,
				}));
			}),
		);
		return found.flat();
	}

	async summary(uri: string): Promise<ModelSummary> {
		const path = await this.pathOf(uri);
		const index = await indexModel(bytesSource(await readFile(path)));
		const sites = findSites(index);
		return summarizeModel({ uri, name: basename(path), version: '1', index, sites }, []);
	}

	async read(uri: string, offset: number, length: number): Promise<Uint8Array> {
		return (await readFile(await this.pathOf(uri))).subarray(offset, offset + length);
	}

	async planProbes(uri: string, request: ProbeRequest): Promise<ProbePlan> {
		const index = await indexModel(bytesSource(await readFile(await this.pathOf(uri))));
		return planSiteProbes(index, request);
	}

	private async pathOf(uri: string): Promise<string> {
		const known = await this.list();
		if (known.some((model) => model.uri === uri)) return fileURLToPath(uri);
		throw new InputError('unfit', `${uri} is none of the models near the one that was opened.`);
	}
}
