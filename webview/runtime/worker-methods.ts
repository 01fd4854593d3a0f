import type { ModelName, ModelSummary } from '../../extension/protocol/model.ts';
import type { ArrayFile, ArrayFileContent, StoredArray } from '../../extension/protocol/files.ts';
import { unread } from '../../extension/protocol/messages.ts';
import type { Method, ProbePlan, ProbeRequest } from '../../extension/protocol/messages.ts';
import type { TensorSearch, TensorsFound } from '../../extension/protocol/tensors.ts';
import type { BackendChoice, ModelInput, RunManifest } from '../../extension/protocol/run.ts';
import type { RunRequest } from './model-runtime.ts';

/** Both ends are of one build, so values pass unread; the types are what keeps them together. */
const within = <A, R>(): Method<A, R> => unread as unknown as Method<A, R>;

export interface WorkerStart {
	/** onnxruntime's WebAssembly: a worker made from a blob has no address to fetch it from. */
	readonly wasm: ArrayBuffer;
	/** Files of this size are about to arrive. */
	readonly modelBytes: number;
}

export type WorkerRun = Omit<RunRequest, 'choice' | 'otherInput'> & {
	readonly choice: BackendChoice;
};

/** What the page may ask of its worker. */
export const workerMethods = {
	start: within<WorkerStart, null>(),
	/** A stretch of the model's file, in any order. */
	putBytes: within<{ offset: number; bytes: Uint8Array }, null>(),
	/** A stretch of a file that holds weights outside the model. */
	putExternal: within<
		{ location: string; size: number; offset: number; bytes: Uint8Array },
		null
	>(),
	run: within<WorkerRun, RunManifest>(),
	compute: within<{ view: string }, unknown>(),
	detail: within<{ view: string; query: unknown }, unknown>(),
};

/** What the worker tells its page. */
export const fromWorkerMethods = {
	progress: within<{ message: string; done: number | null; total: number | null }, null>(),
	/** The index that plans take is the host's; the page passes the question on. */
	planProbes: within<ProbeRequest, ProbePlan>(),
	/** Files are the host's too. */
	listFiles: within<Record<string, never>, ArrayFile[]>(),
	describeFile: within<{ path: string }, ArrayFileContent>(),
	readArray: within<{ path: string; name: string }, StoredArray>(),
	pickFile: within<Record<string, never>, ArrayFile | null>(),
	/** So are the other models of the workspace. */
	listModels: within<Record<string, never>, ModelName[]>(),
	describeModel: within<{ uri: string }, ModelSummary>(),
	readModel: within<{ uri: string; offset: number; length: number }, Uint8Array>(),
	planModel: within<{ uri: string; request: ProbeRequest }, ProbePlan>(),
	findTensors: within<TensorSearch, TensorsFound>(),
	/** What to run on instead of a made-up input that the model refused. */
	otherInput: within<{ why: string }, ModelInput | null>(),
	deviceLost: within<{ reason: string }, null>(),
};
