import * as ort from 'onnxruntime-web/webgpu';
import { findSites } from '../../extension/attention/find-sites.ts';
import { graphQuestions } from '../../extension/attention/graph-questions.ts';
import { bytesSource } from '../../extension/onnx/bytes-source.ts';
import { indexModel } from '../../extension/onnx/index-model.ts';
import { planProbes } from '../../extension/onnx/probes.ts';
import { summarizeModel } from '../../extension/workspace/model-summary.ts';
import { ModelBytes } from '../../webview/runtime/model-bytes.ts';
import { ModelRuntime } from '../../webview/runtime/model-runtime.ts';
import { inputOf, tokenModel } from '../../webview/views/recall/token-model.ts';
import type { ViewContext } from '../../webview/view-api/view.ts';
import { measureRecall, type RecallSpeed } from './harness/measure-recall.ts';

/** Runs in a page that serves `model.onnx` and `ort.wasm` beside it, on the browser's adapter. */
async function askRecall(): Promise<RecallSpeed & { adapter: string }> {
	ort.env.wasm.wasmBinary = await fetched('ort.wasm');
	ort.env.wasm.numThreads = 1;
	ort.env.logLevel = 'error';
	const file = new Uint8Array(await fetched('model.onnx'));
	const bytes = new ModelBytes(file.length);
	bytes.put(0, file);
	const index = await indexModel(bytesSource(file));
	const sites = findSites(index);
	const model = summarizeModel({ uri: 'model.onnx', name: 'model.onnx', version: '1', index, sites }, []); // prettier-ignore
	let context: ViewContext | undefined;
	const view = {
		id: 'context',
		fit: () => ({ fits: true }) as const,
		taps: () => [],
		compute: (given: ViewContext) => {
			context = given;
			return Promise.resolve(null);
		},
		detail: () => Promise.resolve(null),
	};
	const surroundings = { ort, gpu: navigator.gpu };
	const runtime = new ModelRuntime(surroundings, [view], graphQuestions(index), 'bench');
	const input = inputOf(tokenModel(model)!, [new Int32Array(8).fill(1)]);
	const plan = planProbes(index, { taps: [], overrides: [] });
	const quiet = () => undefined;
	const manifest = await runtime.run(
		bytes,
		{ model, plan, input, choice: 'webgpu', loadMilliseconds: 0 },
		quiet,
	);
	await runtime.compute('context', quiet, new AbortController().signal);
	return { adapter: `${manifest.backend} ${manifest.adapter}`, ...(await measureRecall(context!)) };
}

async function fetched(path: string): Promise<ArrayBuffer> {
	return (await fetch(path)).arrayBuffer();
}

Object.assign(globalThis, { askRecall });
