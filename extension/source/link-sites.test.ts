import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { findSites } from '../attention/find-sites.ts';
import { bytesSource } from '../onnx/bytes-source.ts';
import { indexModel } from '../onnx/index-model.ts';
import { linkSites } from './link-sites.ts';
import type { PythonFile } from './python-file.ts';

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url));
const python = async (path: string): Promise<PythonFile> => ({
	uri: `file:///home/someone/project/${path}`,
	text: (await read(path)).toString(),
});
const sampleFiles = () =>
	Promise.all(
		['samples/mqar-softmax/model.py', 'samples/common/layers.py', 'samples/common/mqar.py'].map(
			python,
		),
	);

async function linksOf(model: string, files: readonly PythonFile[]) {
	const index = await indexModel(bytesSource(await read(model)));
	return linkSites(index, findSites(index), files);
}

/** The line of the file that holds a text, from 1. */
const lineWith = (file: PythonFile, text: string) =>
	file.text.split('\n').findIndex((line) => line.includes(text)) + 1;

describe('the recall sample', () => {
	it.each([
		['doc-string', 'samples/mqar-softmax/model.onnx'],
		['module-path', 'samples/mqar-softmax/model-plain.onnx'],
	])('is tied to class, building line and computing line by its %s', async (how, model) => {
		const files = await sampleFiles();
		const links = await linksOf(model, files);
		const [code] = files as [PythonFile];
		const expected = (site: string) => [
			{ site, target: 'class', line: lineWith(code, 'class SoftmaxAttention') },
			{ site, target: 'build', line: lineWith(code, 'self.mixer = SoftmaxAttention') },
			{ site, target: 'call', line: lineWith(code, 'torch.softmax') },
		];
		expect(links).toMatchObject(
			[...expected('/layers.0/mixer'), ...expected('/layers.1/mixer')].map((link) => ({
				...link,
				file: code.uri,
				how,
				found: true,
			})),
		);
	});

	it('gives the exported path where the workspace has no such file', async () => {
		const links = await linksOf('samples/mqar-softmax/model.onnx', []);
		expect(links[0]).toMatchObject({
			file: 'samples/mqar-softmax/model.py',
			target: 'call',
			found: false,
		});
	});

	it('gives no line for an export without file lines whose code is not there', async () => {
		expect(await linksOf('samples/mqar-softmax/model-plain.onnx', [])).toEqual([]);
	});
});
