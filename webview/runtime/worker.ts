import * as ort from 'onnxruntime-web/webgpu';
import { Endpoint, type Port } from '../../extension/protocol/endpoint.ts';
import type { ProbeRequest } from '../../extension/protocol/messages.ts';
import type { OtherModels } from '../../extension/protocol/other-models.ts';
import type { TensorSearch } from '../../extension/protocol/tensors.ts';
import { views } from '../app/views.ts';
import type { ArrayFiles } from '../view-api/view.ts';
import { LogTap } from './log-tap.ts';
import { ModelBytes } from './model-bytes.ts';
import { ModelRuntime } from './model-runtime.ts';
import { RunError } from './run-error.ts';
import { fromWorkerMethods, workerMethods } from './worker-methods.ts';

/** What this file needs of a worker's global scope; the DOM library types a window's. */
interface WorkerScope {
	postMessage(message: unknown, transfer: ArrayBuffer[]): void;
	addEventListener(type: 'message', hear: (event: MessageEvent) => void): void;
	removeEventListener(type: 'message', hear: (event: MessageEvent) => void): void;
	readonly navigator: { readonly gpu?: GPU };
}
const scope = globalThis as unknown as WorkerScope;

const port: Port = {
	post: (message, transfer) => scope.postMessage(message, transfer ?? []),
	listen: (receive) => {
		const hear = ({ data }: MessageEvent) => receive(data);
		scope.addEventListener('message', hear);
		return () => scope.removeEventListener('message', hear);
	},
};

const log = new LogTap(console);

let runtime: ModelRuntime | undefined;
let bytes: ModelBytes | undefined;
const watched = new WeakSet<GPUDevice>();
let queue: Promise<unknown> = Promise.resolve();

/** One thing after another: a run must not free tensors that a picture is still reading. */
function inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
	const turn = queue.then(() => {
		signal.throwIfAborted();
		return work();
	});
	queue = turn.catch(() => undefined);
	return turn;
}

function started(): { runtime: ModelRuntime; bytes: ModelBytes } {
	if (!runtime || !bytes) throw new RunError('session', 'The runtime has not been started.');
	return { runtime, bytes };
}

function progress(message: string, done?: number, total?: number): void {
	// told, not asked: nobody waits for the answer, and a page that went away is no error of the run
	endpoint
		.ask('progress', { message, done: done ?? null, total: total ?? null })
		.catch(() => undefined);
}

function watch(device: GPUDevice | undefined): void {
	if (!device || watched.has(device)) return;
	watched.add(device);
	void device.lost.then(({ reason, message }) =>
		endpoint.ask('deviceLost', { reason: message || reason }).catch(() => undefined),
	);
}

const endpoint = new Endpoint(
	port,
	workerMethods,
	{
		start: ({ wasm, modelBytes }) => {
			ort.env.wasm.wasmBinary = wasm;
			ort.env.wasm.numThreads = 1;
			ort.env.logLevel = 'error';
			bytes = new ModelBytes(modelBytes);
			const gpu = scope.navigator.gpu;
			const planProbes = (request: ProbeRequest) => endpoint.ask('planProbes', request);
			const findTensors = (search: TensorSearch) => endpoint.ask('findTensors', search);
			const files: ArrayFiles = {
				list: () => endpoint.ask('listFiles', {}),
				describe: (path) => endpoint.ask('describeFile', { path }),
				read: (path, name) => endpoint.ask('readArray', { path, name }),
				pick: () => endpoint.ask('pickFile', {}),
			};
			const models: OtherModels = {
				list: () => endpoint.ask('listModels', {}),
				summary: (uri) => endpoint.ask('describeModel', { uri }),
				read: (uri, offset, length) => endpoint.ask('readModel', { uri, offset, length }),
				planProbes: (uri, request) => endpoint.ask('planModel', { uri, request }),
			};
			const tool = `Attnscope ${ATTNSCOPE_VERSION}`;
			runtime = new ModelRuntime(
				{ ort, gpu, log },
				views,
				{ planProbes, findTensors },
				tool,
				files,
				models,
			);
			return null;
		},
		putBytes: ({ offset, bytes: part }) => {
			started().bytes.put(offset, part);
			return null;
		},
		putExternal: ({ location, size, offset, bytes: part }) => {
			started().bytes.putExternal(location, size, offset, part);
			return null;
		},
		run: (request, signal) =>
			inTurn(signal, async () => {
				const { runtime, bytes } = started();
				const otherInput = (why: string) => endpoint.ask('otherInput', { why }, { signal });
				const manifest = await runtime.run(bytes, { ...request, otherInput }, progress);
				watch(runtime.device);
				return manifest;
			}),
		compute: ({ view }, signal) =>
			inTurn(signal, () => started().runtime.compute(view, progress, signal)),
		detail: ({ view, query }, signal) =>
			inTurn(signal, () => started().runtime.detail(view, query, progress, signal)),
	},
	fromWorkerMethods,
	(error) => console.error(error.message),
);
