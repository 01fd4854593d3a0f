import { Endpoint } from '../../extension/protocol/endpoint.ts';
import type { ProbePlan, ProbeRequest } from '../../extension/protocol/messages.ts';
import type { ModelSummary } from '../../extension/protocol/model.ts';
import type { OtherModels } from '../../extension/protocol/other-models.ts';
import type { TensorSearch, TensorsFound } from '../../extension/protocol/tensors.ts';
import type { ModelInput, RunManifest } from '../../extension/protocol/run.ts';
import { fromWorkerMethods, workerMethods, type WorkerRun } from '../runtime/worker-methods.ts';
import type { ArrayFiles } from '../view-api/view.ts';
import { say } from './say.ts';
import { workerPort } from './host-port.ts';
import { loadFiles, type ReadBytes } from './load-files.ts';

/** Where the page finds the parts of the runtime; all of them under the extension's own folder. */
export interface RuntimeUrls {
	readonly worker: string;
	readonly wasm: string;
}

export interface WorkerEvents {
	progress(message: string, done: number | null, total: number | null): void;
	deviceLost(reason: string): void;
	planProbes(request: ProbeRequest, signal: AbortSignal): Promise<ProbePlan>;
	readonly files: ArrayFiles;
	readonly models: OtherModels;
	findTensors(search: TensorSearch, signal: AbortSignal): Promise<TensorsFound>;
	otherInput(why: string, signal: AbortSignal): Promise<ModelInput | null>;
}

type Remote = Endpoint<typeof fromWorkerMethods, typeof workerMethods>;

/**
 * The worker that holds one model. A run inside WASM or on a GPU cannot be stopped from outside, so cancelling ends
 * the worker, which frees all it held.
 */
export class WorkerClient {
	private constructor(
		private readonly worker: Worker,
		private readonly endpoint: Remote,
		/** How long fetching the model took, ms. */
		readonly loadMilliseconds: number,
	) {}

	/** Starts a worker and fills it with the model's files. */
	static async start(
		urls: RuntimeUrls,
		model: ModelSummary,
		read: ReadBytes,
		events: WorkerEvents,
		signal: AbortSignal,
	): Promise<WorkerClient> {
		events.progress(say('Starting the runtime'), null, null);
		const [workerUrl, wasm] = await Promise.all([
			blobUrl(urls.worker, signal),
			fetchOwn(urls.wasm, signal).then((response) => response.arrayBuffer()),
		]);
		signal.throwIfAborted();
		const worker = new Worker(workerUrl, { type: 'module', name: 'attnscope-runtime' });
		const endpoint: Remote = new Endpoint(
			workerPort(worker),
			fromWorkerMethods,
			{
				progress: ({ message, done, total }) => (events.progress(message, done, total), null),
				planProbes: (request, stop) => events.planProbes(request, stop),
				listFiles: async () => [...(await events.files.list())],
				describeFile: ({ path }) => events.files.describe(path),
				readArray: ({ path, name }) => events.files.read(path, name),
				pickFile: () => events.files.pick(),
				listModels: async () => [...(await events.models.list())],
				describeModel: ({ uri }) => events.models.summary(uri),
				readModel: ({ uri, offset, length }) => events.models.read(uri, offset, length),
				planModel: ({ uri, request }) => events.models.planProbes(uri, request),
				findTensors: (search, stop) => events.findTensors(search, stop),
				otherInput: ({ why }, stop) => events.otherInput(why, stop),
				deviceLost: ({ reason }) => (events.deviceLost(reason), null),
			},
			workerMethods,
			(error) => console.error(error.message),
		);
		const client = (milliseconds: number) => new WorkerClient(worker, endpoint, milliseconds);
		// a script that fails to load answers nothing: without this the page would wait for ever
		const broken = new Promise<never>((_resolve, reject) => {
			worker.addEventListener('error', ({ message }) =>
				reject(new Error(`The runtime's worker failed: ${message || 'its script did not load'}.`)),
			);
		});
		broken.catch((error: unknown) => console.warn(String(error)));
		try {
			await Promise.race([
				broken,
				endpoint.ask('start', { wasm, modelBytes: model.bytes }, { signal, transfer: [wasm] }),
			]);
			URL.revokeObjectURL(workerUrl);
			const start = performance.now();
			await loadFiles(
				model,
				read,
				(location, size, offset, bytes) =>
					location === undefined
						? endpoint.ask('putBytes', { offset, bytes }, { signal })
						: endpoint.ask('putExternal', { location, size, offset, bytes }, { signal }),
				(message) => events.progress(message, null, null),
				signal,
			);
			return client(performance.now() - start);
		} catch (error) {
			client(0).dispose();
			throw error;
		}
	}

	run(request: WorkerRun, signal: AbortSignal): Promise<RunManifest> {
		return this.endpoint.ask('run', request, { signal });
	}

	compute(view: string, signal: AbortSignal): Promise<unknown> {
		return this.endpoint.ask('compute', { view }, { signal });
	}

	detail(view: string, query: unknown): Promise<unknown> {
		return this.endpoint.ask('detail', { view, query });
	}

	dispose(): void {
		this.endpoint.dispose();
		this.worker.terminate();
	}
}

async function fetchOwn(url: string, signal: AbortSignal): Promise<Response> {
	const response = await fetch(url, { signal });
	if (!response.ok) throw new Error(`The extension's file ${url} could not be read.`);
	return response;
}

/** A webview's workers start only from `blob:` addresses of the page's own. */
async function blobUrl(url: string, signal: AbortSignal): Promise<string> {
	const text = await (await fetchOwn(url, signal)).text();
	return URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
}
