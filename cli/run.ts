import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { findSites } from '../extension/attention/find-sites.ts';
import { externalNeeds } from '../extension/onnx/external-needs.ts';
import { fileSource } from '../extension/onnx/file-source.ts';
import { indexModel } from '../extension/onnx/index-model.ts';
import type { ModelIndex } from '../extension/onnx/model-index.ts';
import { graphQuestions, planSiteProbes } from '../extension/attention/graph-questions.ts';
import type { ModelSummary } from '../extension/protocol/model.ts';
import type { ModelInput, Proof, RunManifest } from '../extension/protocol/run.ts';
import { arrayInput } from '../extension/workspace/array-input.ts';
import { checkInput } from '../extension/workspace/check-input.ts';
import { FolderFiles } from '../extension/workspace/folder-files.ts';
import { FolderModels } from '../extension/workspace/folder-models.ts';
import { InputError } from '../extension/workspace/input-error.ts';
import { parseInputFile } from '../extension/workspace/input-file.ts';
import { madeUpSource, makeInput } from '../extension/workspace/make-input.ts';
import { OtherInputs } from '../extension/workspace/other-inputs.ts';
import { isPicture } from '../extension/workspace/picture-file.ts';
import { inputOfPicture } from '../extension/workspace/picture-input.ts';
import { summarizeModel } from '../extension/workspace/model-summary.ts';
import { readTraining } from '../extension/workspace/training-runs.ts';
import { views } from '../webview/app/views.ts';
import { ModelBytes } from '../webview/runtime/model-bytes.ts';
import { ModelRuntime } from '../webview/runtime/model-runtime.ts';
import type { Ort } from '../webview/runtime/model-session.ts';
import type { OpenView, View } from '../webview/view-api/view.ts';

export interface RunOptions {
	readonly model: string;
	readonly view: string;
	/** An input file; where undefined, the `prompt.json` beside the model. */
	readonly input: string | undefined;
	/** Fields of the view's state to set once it stands. */
	readonly fields?: Readonly<Record<string, string | number | boolean>>;
	readonly ort: Ort;
}

export interface RunReport {
	readonly backend: string;
	readonly description: string;
	readonly data: unknown;
	readonly proof: readonly Pick<
		Proof,
		'site' | 'residual' | 'tolerance' | 'verified' | 'probabilities'
	>[];
	readonly manifest: RunManifest;
}

/** Descriptions depend on the width only in what they need to draw: any will do. */
const SIZE = { width: 800, height: 600, characterWidth: 7, lineHeight: 16 };

/**
 * Runs a model on WASM and computes one view, as the panel does, without an editor.
 * @throws FormatError, InputError, RunError with a sentence for the user
 */
export async function run({
	model,
	view: id,
	input: file,
	ort,
	fields = {},
}: RunOptions): Promise<RunReport> {
	const view = views.find((candidate) => candidate.id === id);
	if (!view) {
		const known = views.map((candidate) => candidate.id).join(', ');
		throw new InputError('malformed', `There is no view named ${id}; there are: ${known}`);
	}
	const { index, bytes } = await open(model);
	const summary = await summarize(model, index);
	const fit = view.fit(summary);
	if (!fit.fits) throw new InputError('malformed', `${view.title} does not fit: ${fit.reason}`);
	const input = await readInput(model, file, index);
	const { opened, manifest } = await computeView(view, summary, index, bytes, input, ort, fields);
	const { scene } = opened.scene(SIZE);
	return {
		backend: manifest.backend,
		description: scene.description,
		data: opened.export().json,
		proof: opened.proofs().map(({ site, residual, tolerance, verified, probabilities }) => ({
			site,
			residual,
			tolerance,
			verified,
			probabilities,
		})),
		manifest,
	};
}

async function open(path: string): Promise<{ index: ModelIndex; bytes: ModelBytes }> {
	const source = await fileSource(path);
	try {
		const index = await indexModel(source);
		const bytes = new ModelBytes(source.size);
		bytes.put(0, await source.read(0, source.size));
		for (const { location } of externalNeeds(index)) {
			const data = await readExternal(dirname(path), location);
			bytes.putExternal(location, data.length, 0, data);
		}
		return { index, bytes };
	} finally {
		await source.close();
	}
}

/** Weights in another file: inside the model's folder, symbolic links resolved. */
async function readExternal(folder: string, location: string): Promise<Uint8Array> {
	try {
		const [inside, file] = await Promise.all([realpath(folder), realpath(join(folder, location))]);
		if (!file.startsWith(inside + sep)) throw new Error('it lies outside the model’s folder');
		return await readFile(file);
	} catch (error) {
		const why = error instanceof Error ? error.message : String(error);
		throw new InputError('unfit', `The weights in ${location} could not be read: ${why}`);
	}
}

async function summarize(path: string, index: ModelIndex): Promise<ModelSummary> {
	const sites = findSites(index);
	const uri = pathToFileURL(path).href;
	const training = await readTraining((file) => readFile(join(dirname(path), file), 'utf8'));
	return summarizeModel({ uri, name: basename(path), version: '1', index, sites, training }, []);
}

async function readInput(
	model: string,
	file: string | undefined,
	index: ModelIndex,
): Promise<ModelInput> {
	const input = await inputOf(model, file, index);
	const problems = checkInput(index, input);
	if (problems.length > 0) throw new InputError('unfit', problems.join(' '));
	return input;
}

/** The file's, else that of the prompt beside the model, else one made up from names, types and shapes. */
async function inputOf(
	model: string,
	file: string | undefined,
	index: ModelIndex,
): Promise<ModelInput> {
	const path = file ?? join(dirname(model), 'prompt.json');
	const bytes = await readFile(path).catch((error: unknown) => {
		if (file === undefined && (error as { code?: unknown }).code === 'ENOENT') return undefined;
		throw new InputError('malformed', `The input file ${path} could not be read: ${String(error)}`);
	});
	const name = basename(path);
	if (!bytes) return makeInput(index);
	if (/\.np[yz]$/i.test(name)) return arrayInput(index, bytes, name);
	if (isPicture(name)) return await inputOfPicture(index, bytes, name, 'minus-one-to-one');
	const beside = (each: string) => readFile(join(dirname(path), each));
	return await parseInputFile(new TextDecoder().decode(bytes), name, beside);
}

async function computeView(
	view: View,
	model: ModelSummary,
	index: ModelIndex,
	bytes: ModelBytes,
	input: ModelInput,
	ort: Ort,
	fields: Readonly<Record<string, string | number | boolean>>,
) {
	ort.env.wasm.numThreads = 1;
	ort.env.logLevel = 'error';
	const runtime = new ModelRuntime(
		{ ort, gpu: undefined },
		views,
		graphQuestions(index),
		`Attnscope ${ATTNSCOPE_VERSION}`,
		new FolderFiles(dirname(fileURLToPath(model.uri))),
		new FolderModels(dirname(fileURLToPath(model.uri))),
	);
	const plan = planSiteProbes(index, { taps: [...view.taps(model)], overrides: [] });
	const others = input.source === madeUpSource ? new OtherInputs(index) : undefined;
	const otherInput = (why: string) => Promise.resolve(others?.next(why) ?? null);
	const silent = () => undefined;
	const manifest = await runtime.run(
		bytes,
		{ model, plan, input, otherInput, choice: 'wasm', loadMilliseconds: 0 },
		silent,
	);
	const { signal } = new AbortController();
	const data = await runtime.compute(view.id, silent, signal);
	const fetch = (query: unknown) => runtime.detail(view.id, query, silent, signal);
	const opened = await new Promise<ReturnType<View['open']>>((resolve, reject) => {
		const settle = () => {
			const { pending, trouble } = made.scene(SIZE);
			if (trouble !== '') reject(new InputError('unfit', trouble));
			else if (!pending) resolve(made);
		};
		const made = view.open(data, undefined, fetch, settle);
		setFields(made, view.id, fields);
		settle();
	});
	return { opened, manifest };
}

/** @throws InputError where the view has no such setting, or does not take the value */
function setFields(
	opened: OpenView,
	id: string,
	fields: Readonly<Record<string, string | number | boolean>>,
): void {
	for (const [field, value] of Object.entries(fields)) {
		const known = Object.keys(opened.save() as object);
		if (!known.includes(field)) {
			const list = known.map((name) => `--${name}`).join(', ');
			throw new InputError('unfit', `The view ${id} has no setting --${field}; it has ${list}`);
		}
		opened.set(field, value);
		const taken = opened.value(field);
		// a view may keep a list or a record of what came as text: only a scalar can be told to have been refused
		if (typeof taken !== 'object' && taken !== value) {
			throw new InputError(
				'unfit',
				`--${field} of the view ${id} does not take ${String(value)}; it stays ${JSON.stringify(taken)}`,
			);
		}
	}
}
