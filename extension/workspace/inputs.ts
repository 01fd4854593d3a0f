import * as vscode from 'vscode';
import type { ModelInput } from '../protocol/run.ts';
import { arrayInput } from './array-input.ts';
import { checkInput, isOfModel, noteOfForeign } from './check-input.ts';
import { Debounce } from './debounce.ts';
import { Disposables } from './disposables.ts';
import { InputError } from './input-error.ts';
import { parseInputFile } from './input-file.ts';
import { makeInput, type MadeFrom } from './make-input.ts';
import type { InputChoice, Memory } from './memory.ts';
import type { OpenSizes } from './open-sizes.ts';
import { isPicture } from './picture-file.ts';
import { inputOfPicture } from './picture-input.ts';
import type { Scaling } from './pixel-values.ts';
import type { OpenModel } from './open-model.ts';
import { InputTrials } from './other-inputs.ts';
import { tokenizeText, type TokenizerFiles } from './tokenize-text.ts';

/** An input that fits its model, or none; the note says what was assumed, or what is wrong. */
export interface ResolvedInput {
	readonly input: ModelInput | null;
	readonly note: string;
}

/** Which input each model runs on: chosen by the user, or the prompt beside it, or one made up. */
export class Inputs {
	private readonly disposables = new Disposables();
	private readonly changed = this.disposables.add(new vscode.EventEmitter<vscode.Uri>());
	private readonly watched = new Set<string>();
	private readonly trials = new InputTrials();

	/** The input of this model is another one now. */
	readonly onDidChange = this.changed.event;

	constructor(private readonly memory: Memory) {}

	async choose(model: vscode.Uri, choice: InputChoice | undefined): Promise<void> {
		await this.memory.setInputChoice(model.toString(), choice);
		this.changed.fire(model);
	}

	async resolve(model: OpenModel): Promise<ResolvedInput> {
		try {
			const input = await this.make(model);
			const problems = checkInput(model.index, input);
			return problems.length > 0
				? { input: null, note: problems.join(' ') }
				: { input, note: input.note };
		} catch (error) {
			if (error instanceof InputError) return { input: null, note: error.message };
			if (error instanceof vscode.FileSystemError)
				return {
					input: null,
					note: vscode.l10n.t('The input file could not be read: {0}', error.message),
				};
			throw error;
		}
	}

	/** Another made-up input, for a model that refused the one it was given; null where the user gave it, or none is left. */
	otherwise(model: OpenModel, why: string): ModelInput | null {
		return this.trials.next(trialOf(model), why);
	}

	dispose(): void {
		this.disposables.dispose();
	}

	private async make(model: OpenModel): Promise<ModelInput> {
		const key = model.uri.toString();
		const sizes = this.memory.sizes(key) ?? {};
		const choice = this.memory.inputChoice(key);
		const { index } = model;
		if (choice !== undefined && choice.kind !== 'random' && choice.kind !== 'made-up')
			this.trials.forget(trialOf(model));
		switch (choice?.kind) {
			case 'file':
				return await this.readFile(model, vscode.Uri.parse(choice.uri), sizes, choice.scaling);
			case 'ids':
				return makeInput(index, { ids: choice.ids, words: [], source: 'typed token ids' });
			case 'text':
				return makeInput(index, await tokenizeText(choice.text, await tokenizerBeside(model.uri)));
			case 'random':
				return this.madeUp(model, { sizes, seed: choice.seed });
			case 'made-up':
				return this.madeUp(model, { sizes });
			case undefined:
				return await this.prompted(model, sizes);
		}
	}

	/** The prompt beside a model; one that knows none of its inputs was written for another model in the folder. */
	private async prompted(model: OpenModel, sizes: OpenSizes): Promise<ModelInput> {
		const prompt = promptBeside(model.uri);
		this.watch(model.uri, prompt);
		if (!(await exists(prompt))) return this.madeUp(model, { sizes });
		const input = await this.readFile(model, prompt, sizes);
		if (!isOfModel(model.index, input))
			return { ...this.madeUp(model, { sizes }), note: noteOfForeign(model.index, input) };
		this.trials.forget(trialOf(model));
		return input;
	}

	private madeUp(model: OpenModel, from: MadeFrom): ModelInput {
		return this.trials.now(trialOf(model), model.index, from);
	}

	private async readFile(
		model: OpenModel,
		uri: vscode.Uri,
		sizes: OpenSizes,
		scaling: Scaling = 'zero-to-one',
	): Promise<ModelInput> {
		this.watch(model.uri, uri);
		const bytes = await vscode.workspace.fs.readFile(uri);
		const name = uri.path.slice(uri.path.lastIndexOf('/') + 1);
		if (/\.np[yz]$/i.test(name)) return arrayInput(model.index, bytes, name, { sizes });
		if (isPicture(name)) return await inputOfPicture(model.index, bytes, name, scaling, { sizes });
		return await parseInputFile(new TextDecoder().decode(bytes), name, async (beside) =>
			vscode.workspace.fs.readFile(vscode.Uri.joinPath(uri, '..', beside)),
		);
	}

	private watch(model: vscode.Uri, file: vscode.Uri): void {
		const key = `${model.toString()} ${file.toString()}`;
		if (this.watched.has(key)) return;
		this.watched.add(key);
		const folder = vscode.Uri.joinPath(file, '..');
		const pattern = new vscode.RelativePattern(folder, file.path.slice(folder.path.length + 1));
		const watcher = this.disposables.add(vscode.workspace.createFileSystemWatcher(pattern));
		const written = this.disposables.add(new Debounce(300, () => this.changed.fire(model)));
		for (const event of [watcher.onDidChange, watcher.onDidCreate, watcher.onDidDelete])
			event(() => written.call());
	}
}

/** A file that changed is tried anew. */
const trialOf = ({ uri, version }: OpenModel) => `${uri.toString()} ${version}`;

export function promptBeside(model: vscode.Uri): vscode.Uri {
	return vscode.Uri.joinPath(model, '..', 'prompt.json');
}

export function tokenizerFileBeside(model: vscode.Uri): vscode.Uri {
	return vscode.Uri.joinPath(model, '..', 'tokenizer.json');
}

export async function exists(uri: vscode.Uri): Promise<boolean> {
	try {
		await vscode.workspace.fs.stat(uri);
		return true;
	} catch (error) {
		if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return false;
		throw error;
	}
}

/** @throws vscode.FileSystemError where there is no tokenizer.json */
export async function tokenizerBeside(model: vscode.Uri): Promise<TokenizerFiles> {
	const read = async (uri: vscode.Uri) =>
		new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
	const config = vscode.Uri.joinPath(model, '..', 'tokenizer_config.json');
	return {
		tokenizer: await read(tokenizerFileBeside(model)),
		config: (await exists(config)) ? await read(config) : undefined,
	};
}
