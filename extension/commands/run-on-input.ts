import * as vscode from 'vscode';
import { checkInput } from '../workspace/check-input.ts';
import { InputError } from '../workspace/input-error.ts';
import { exists, promptBeside, tokenizerBeside, tokenizerFileBeside } from '../workspace/inputs.ts';
import { assumedSizes, makeInput, type ChosenTokens } from '../workspace/make-input.ts';
import type { InputChoice } from '../workspace/memory.ts';
import type { OpenModel } from '../workspace/open-model.ts';
import { openSymbols, parseSizes, sizesText } from '../workspace/open-sizes.ts';
import { isPicture } from '../workspace/picture-file.ts';
import type { Scaling } from '../workspace/pixel-values.ts';
import type { Services } from '../workspace/services.ts';
import { parseTokenIds } from '../workspace/token-ids.ts';
import { tokenizeText } from '../workspace/tokenize-text.ts';
import type { Command } from './command.ts';
import { readModel, runIn, targetToRun } from './run.ts';

/** Runs a model on an input that the user gives: a file, token ids, or text where there is a tokenizer. */
export const runOnInput: Command = {
	id: 'attnscope.runOnInput',
	async execute(parts, argument) {
		const target = await targetToRun(parts, argument);
		if (!target) return;
		const uri = vscode.Uri.parse(target.model);
		const model = await readModel(parts, uri);
		if (!model) return;
		const answer = await (await pickKind(uri))?.(model);
		if (!answer) return;
		if (needsSizes(answer.choice)) await askSizesOnce(parts.services, model);
		await parts.services.inputs.choose(uri, answer.choice);
		const { input, note } = await parts.services.inputs.resolve(model);
		if (input) await runIn(parts, uri, target.site);
		else await vscode.window.showErrorMessage(note);
	},
};

/** Undefined where the user turned back; no choice stands for the prompt beside the model. */
type Answer = { readonly choice: InputChoice | undefined } | undefined;

async function pickKind(uri: vscode.Uri) {
	const hasPrompt = await exists(promptBeside(uri));
	const hasTokenizer = await exists(tokenizerFileBeside(uri));
	const items = [
		{
			label: vscode.l10n.t('The prompt beside the model'),
			description: 'prompt.json',
			iconPath: new vscode.ThemeIcon('file-code'),
			shown: hasPrompt,
			ask: (): Promise<Answer> => Promise.resolve({ choice: undefined }),
		},
		{
			label: vscode.l10n.t('Token ids…'),
			iconPath: new vscode.ThemeIcon('symbol-number'),
			shown: true,
			ask: askIds,
		},
		{
			label: vscode.l10n.t('Text…'),
			description: 'tokenizer.json',
			iconPath: new vscode.ThemeIcon('symbol-string'),
			shown: hasTokenizer,
			ask: askText,
		},
		{
			label: vscode.l10n.t('File…'),
			description: 'json, npy, npz, png, jpg',
			iconPath: new vscode.ThemeIcon('folder-opened'),
			shown: true,
			ask: askFile,
		},
		{
			label: vscode.l10n.t('Random numbers…'),
			iconPath: new vscode.ThemeIcon('wand'),
			shown: true,
			ask: askSeed,
		},
		{
			label: vscode.l10n.t('An input made up from names and shapes'),
			iconPath: new vscode.ThemeIcon('sparkle'),
			shown: true,
			ask: (): Promise<Answer> => Promise.resolve({ choice: { kind: 'made-up' } }),
		},
	];
	const picked = await vscode.window.showQuickPick(
		items.filter(({ shown }) => shown),
		{ title: vscode.l10n.t('Run on which input?') },
	);
	return picked?.ask;
}

async function askIds(model: OpenModel): Promise<Answer> {
	const chosen = (typed: string): ChosenTokens => ({
		ids: parseTokenIds(typed),
		words: [],
		source: vscode.l10n.t('What was typed'),
	});
	const typed = await vscode.window.showInputBox({
		title: vscode.l10n.t('Token ids'),
		placeHolder: '5, 17, 3',
		ignoreFocusOut: true,
		validateInput: (text) => problemOf(model, () => chosen(text)),
	});
	return typed === undefined ? undefined : { choice: { kind: 'ids', ids: parseTokenIds(typed) } };
}

async function askText(model: OpenModel): Promise<Answer> {
	const files = await tokenizerBeside(model.uri);
	const text = await vscode.window.showInputBox({
		title: vscode.l10n.t('Text'),
		ignoreFocusOut: true,
		validateInput: (typed) => problemOf(model, () => tokenizeText(typed, files)),
	});
	return text === undefined ? undefined : { choice: { kind: 'text', text } };
}

async function askSeed(): Promise<Answer> {
	const typed = await vscode.window.showInputBox({
		title: vscode.l10n.t('Seed of the random numbers'),
		value: '1',
		validateInput: (text) =>
			/^\d{1,9}$/.test(text.trim()) ? undefined : vscode.l10n.t('Expected a whole number.'),
	});
	return typed === undefined ? undefined : { choice: { kind: 'random', seed: Number(typed) } };
}

async function askFile({ uri }: OpenModel): Promise<Answer> {
	const picked = await vscode.window.showOpenDialog({
		title: vscode.l10n.t('Input file'),
		defaultUri: vscode.Uri.joinPath(uri, '..'),
		filters: { [vscode.l10n.t('Inputs')]: ['json', 'npy', 'npz', 'png', 'jpg', 'jpeg'] },
	});
	const file = picked?.[0];
	if (!file || !isPicture(file.path))
		return file && { choice: { kind: 'file', uri: file.toString() } };
	const scaling = await askScaling();
	return scaling && { choice: { kind: 'file', uri: file.toString(), scaling } };
}

/** No model says what numbers its pixels were in training. */
async function askScaling(): Promise<Scaling | undefined> {
	const items: { label: string; scaling: Scaling }[] = [
		{ label: vscode.l10n.t('0 to 1'), scaling: 'zero-to-one' },
		{ label: vscode.l10n.t('−1 to 1'), scaling: 'minus-one-to-one' },
		{ label: vscode.l10n.t('Mean and deviation of ImageNet'), scaling: 'imagenet' },
		{ label: vscode.l10n.t('Mean and deviation of CLIP'), scaling: 'clip' },
		{ label: vscode.l10n.t('0 to 255'), scaling: 'bytes' },
	];
	const picked = await vscode.window.showQuickPick(items, {
		title: vscode.l10n.t('Which numbers are the pixels?'),
	});
	return picked?.scaling;
}

/** Ids, text and a JSON file say how long they are. */
function needsSizes(choice: InputChoice | undefined): boolean {
	return choice?.kind === 'random' || choice?.kind === 'made-up';
}

/** Sizes of axes that the model leaves open: asked for the first time, remembered from then on. */
async function askSizesOnce({ memory }: Services, model: OpenModel): Promise<void> {
	const key = model.uri.toString();
	const symbols = openSymbols(model.index);
	if (symbols.length === 0 || memory.sizes(key) !== undefined) return;
	const typed = await vscode.window.showInputBox({
		title: vscode.l10n.t('Sizes that the model leaves open'),
		value: sizesText(assumedSizes(model.index)),
		ignoreFocusOut: true,
		validateInput: (text) =>
			reasonOf(() => {
				makeInput(model.index, undefined, { sizes: parseSizes(text, symbols) });
			}),
	});
	if (typed !== undefined) await memory.setSizes(key, parseSizes(typed, symbols));
}

function reasonOf(attempt: () => void): string | undefined {
	try {
		attempt();
		return undefined;
	} catch (error) {
		if (error instanceof InputError) return error.message;
		throw error;
	}
}

/** What keeps the model from taking this input, while it is typed. */
async function problemOf(
	model: OpenModel,
	make: () => ChosenTokens | Promise<ChosenTokens>,
): Promise<string | undefined> {
	try {
		return checkInput(model.index, makeInput(model.index, await make()))[0];
	} catch (error) {
		if (error instanceof InputError) return error.message;
		throw error;
	}
}
