import { arrayFile, arrayFileContent, storedArray } from './files.ts';
import { modelName, modelSummary } from './model.ts';
import {
	anything,
	boolean,
	bytes,
	count,
	listOf,
	nothing,
	oneOf,
	optional,
	record,
	text,
	type Parsed,
	type Parser,
} from './parse.ts';
import { tensorSearch, tensorsFound } from './tensors.ts';
import { backendChoice, modelInput, runSummary } from './run.ts';

/** Raised by one whenever a message changes shape, so a restored panel with old code is refused. */
export const PROTOCOL_VERSION = 1;

export interface Method<Args, Result> {
	readonly args: Parser<Args>;
	readonly result: Parser<Result>;
}

const method = <A, R>(args: Parser<A>, result: Parser<R>): Method<A, R> => ({ args, result });

/** A change of the model's bytes in memory: reads (`taps`) and writes (`overrides`) of tensors by name. */
export const probeRequest = record({
	taps: listOf(text),
	overrides: listOf(record({ tensor: text, dtype: text })),
});
export type ProbeRequest = Parsed<typeof probeRequest>;

export const probePlan = record({
	/** Bytes written over the file's own, same length. */
	edits: listOf(record({ offset: count, bytes })),
	/** Appended to the file. */
	suffix: bytes,
	/** By tensor asked for: the model output that returns it. */
	outputs: listOf(record({ tensor: text, output: text })),
	/** By tensor overridden: the model input that now feeds it. */
	inputs: listOf(record({ tensor: text, input: text })),
	/** What could not be probed and why. */
	refused: listOf(record({ tensor: text, reason: text })),
	costBytes: count,
});
export type ProbePlan = Parsed<typeof probePlan>;

/** All that a page needs to paint; asked for whenever it (re)appears, never assumed delivered. */
export const pageState = record({
	/** Null where no model is chosen yet (the side view before the first). */
	model: optional(modelSummary),
	/** Why there is no model though one was asked for: a sentence. */
	problem: optional(text),
	input: optional(modelInput),
	/** Why there is no input, or what was assumed: a sentence. */
	inputNote: text,
	/** Running is refused until the workspace is trusted. */
	trusted: boolean,
	backend: backendChoice,
	/** The site to show first. */
	site: optional(text),
	/** The view to show first and fields of its state to set, once. */
	view: optional(record({ id: text, state: anything })),
	runAtOnce: boolean,
});
export type PageState = Parsed<typeof pageState>;

/** What a page may ask of the host. */
export const hostMethods = {
	/** First word of a page that listens; the answer has all it needs to paint. */
	ready: method(record({ version: count }), pageState),
	/** `length` bytes of the open model, from `offset` (bytes). */
	readBytes: method(record({ offset: count, length: count }), bytes),
	/** The same of a file that holds weights of the open model, by its path in the model's folder. */
	readExternal: method(record({ location: text, offset: count, length: count }), bytes),
	/** Files that hold arrays, such as dictionaries: those of the model's folder first. */
	listFiles: method(record({}), listOf(arrayFile)),
	/** What one of them holds; by the `path` that `listFiles` or `pickFile` gave. */
	describeFile: method(record({ path: text }), arrayFileContent),
	readArray: method(record({ path: text, name: text }), storedArray),
	/** Lets the user choose such a file anywhere; null where they chose none. */
	pickFile: method(record({}), optional(arrayFile)),
	/** The model files of the workspace, to be asked beside the one on show. */
	listModels: method(record({}), listOf(modelName)),
	describeModel: method(record({ uri: text }), modelSummary),
	readModel: method(record({ uri: text, offset: count, length: count }), bytes),
	planModel: method(record({ uri: text, request: probeRequest }), probePlan),
	/** How to read and write the named tensors without touching the file. */
	planProbes: method(probeRequest, probePlan),
	/** Another made-up input where the model refused the one it was given; null where none is left, or a user gave it. */
	otherInput: method(record({ why: text }), optional(modelInput)),
	/** The numbers and small pictures of a finished run. */
	reportRun: method(runSummary, nothing),
	/** Where the page is: so that the status bar and "export" speak of the right thing. */
	reportStatus: method(
		record({
			phase: oneOf('idle', 'loading', 'running', 'ready', 'failed', 'refused'),
			/** `WebGPU · swiftshader`, `WASM`, or empty. */
			backend: text,
			message: text,
		}),
		nothing,
	),
	/** Float tensors of the open model by words of their names. */
	findTensors: method(tensorSearch, tensorsFound),
	/** Opens the line of code behind a site. */
	revealCode: method(record({ site: text }), nothing),
	/** The chosen site changed in the page; tree and editor follow. */
	selectSite: method(record({ site: text }), nothing),
	/** Lets the user save a file; answers whether it was saved. */
	saveFile: method(record({ name: text, bytes }), boolean),
	/** Runs one of the extension's own commands, from a button of a designed empty or failed state. */
	command: method(
		record({
			id: oneOf('openModel', 'runOnInput', 'pickBackend', 'manageTrust', 'run', 'goToCode'),
		}),
		nothing,
	),
};

/** What the host may ask of a page. */
export const pageMethods = {
	/** The model, its input or the trust changed: paint anew. */
	showState: method(pageState, nothing),
	selectSite: method(record({ site: text }), nothing),
	/** Shows a view of the run, with fields of its state; answers when it stands, or at once where nothing has run. */
	openView: method(record({ view: text, state: anything }), nothing),
	/** Runs the model; answers when the pictures stand. */
	run: method(record({}), runSummary),
	cancelRun: method(record({}), nothing),
	exportPicture: method(record({ format: oneOf('svg', 'png', 'csv', 'json') }), nothing),
};

/** Between page and worker: both are of one build, so values pass unread. */
export const unread = method(anything, anything);
