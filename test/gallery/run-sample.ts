import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web';
import { findSites } from '../../extension/attention/find-sites.ts';
import { graphQuestions } from '../../extension/attention/graph-questions.ts';
import { bytesSource } from '../../extension/onnx/bytes-source.ts';
import { indexModel } from '../../extension/onnx/index-model.ts';
import { planProbes } from '../../extension/onnx/probes.ts';
import { FolderFiles } from '../../extension/workspace/folder-files.ts';
import { FolderModels } from '../../extension/workspace/folder-models.ts';
import { parseInputFile } from '../../extension/workspace/input-file.ts';
import { summarizeModel } from '../../extension/workspace/model-summary.ts';
import { readTraining } from '../../extension/workspace/training-runs.ts';
import { ModelBytes } from '../../webview/runtime/model-bytes.ts';
import { ModelRuntime } from '../../webview/runtime/model-runtime.ts';
import type { Size } from '../../webview/view-api/scene.ts';
import type { OpenView, View } from '../../webview/view-api/view.ts';

/**
 * Opens a view on a real run of a sample, as the panel would.
 * @param name one of the sample's model files
 * @param prompt the input file beside it
 */
export async function runSample(
	folder: string,
	view: View,
	name = 'model.onnx',
	prompt = 'prompt.json',
): Promise<OpenView | undefined> {
	const file = await readFile(join(folder, name));
	const index = await indexModel(bytesSource(file));
	const uri = `file://${folder}/${name}`;
	const sites = findSites(index);
	const training = await readTraining((path) => readFile(join(folder, path), 'utf8'));
	const model = summarizeModel({ uri, name, version: '1', index, sites, training }, []);
	if (!view.fit(model).fits) return undefined;
	const text = await readFile(join(folder, prompt), 'utf8');
	const input = await parseInputFile(text, prompt, (beside) => readFile(join(folder, beside)));

	ort.env.wasm.numThreads = 1;
	ort.env.logLevel = 'error';
	const bytes = new ModelBytes(file.length);
	bytes.put(0, file);
	const plan = planProbes(index, { taps: [...view.taps(model)], overrides: [] });
	const runtime = new ModelRuntime(
		{ ort, gpu: undefined },
		[view],
		graphQuestions(index),
		'gallery',
		new FolderFiles(folder),
		new FolderModels(folder),
	);
	const request = { model, plan, input, choice: 'wasm' as const, loadMilliseconds: 0 };
	const silent = () => undefined;
	await runtime.run(bytes, request, silent);
	const { signal } = new AbortController();
	const data = await runtime.compute(view.id, silent, signal);
	return view.open(
		data,
		undefined,
		(query) => runtime.detail(view.id, query, silent, signal),
		silent,
	);
}

/** The scene once everything it asked for has come. */
export async function settledScene(open: OpenView, size: Size) {
	for (;;) {
		const { scene, pending } = open.scene(size);
		if (!pending) return scene;
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}
