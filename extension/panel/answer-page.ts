import * as vscode from 'vscode';
import { planSiteProbes } from '../attention/graph-questions.ts';
import { findTensors } from '../attention/list-tensors.ts';
import type { Handlers } from '../protocol/endpoint.ts';
import { PROTOCOL_VERSION, type hostMethods, type PageState } from '../protocol/messages.ts';
import { ProtocolError } from '../protocol/parse.ts';
import { ArrayFiles } from '../workspace/array-files.ts';
import { withModelBytes, versionOf } from '../workspace/model-file.ts';
import type { ModelTarget } from '../workspace/model-target.ts';
import type { OpenModel } from '../workspace/open-model.ts';
import type { Services } from '../workspace/services.ts';

type HostHandlers = Handlers<typeof hostMethods>;
export type PageStatus = Parameters<HostHandlers['reportStatus']>[0];

/** What a page was last told to show, and of which state of the file. */
export interface PageTold {
	readonly version: string;
	readonly state: PageState;
}

/** The page on whose behalf questions are answered. */
export interface AskingPage {
	uri(): vscode.Uri | undefined;
	told(): PageTold | undefined;
	start(): Promise<PageState>;
	status(status: PageStatus): void;
	selectSite(site: string): void;
}

/** Bytes in one answer: enough to be quick, few enough to be cancelled between two. */
const mostBytesAtOnce = 16 * 1024 * 1024;

/** Host methods, on behalf of one page. A page is trusted less than the host: everything it asks for is checked. */
export function answerPage(services: Services, page: AskingPage): HostHandlers {
	const shown = async (): Promise<{ uri: vscode.Uri; model: OpenModel }> => {
		const uri = page.uri();
		if (!uri) throw refusal('No model is open in this page.');
		const state = await services.models.load(uri);
		if (state.kind === 'failed') throw refusal(state.problem);
		if (state.model.version !== page.told()?.version)
			throw refusal('The model file changed; it is read anew.');
		return { uri, model: state.model };
	};
	/** A model of the workspace, whichever the page shows. */
	const listed = async (name: string) => {
		const uri = (await services.models.list()).find((known) => known.toString() === name);
		if (!uri) throw refusal(`The workspace has no model ${name}.`);
		const state = await services.models.load(uri);
		if (state.kind === 'failed') throw refusal(state.problem);
		return state;
	};
	const trusted = () => {
		if (!vscode.workspace.isTrusted)
			throw refusal('Models are not run before the workspace is trusted.');
	};
	const arrays = new ArrayFiles();
	return {
		ready: ({ version }) => {
			if (version !== PROTOCOL_VERSION)
				throw refusal('This page is of another version of Attnscope: close it and open it anew.');
			return page.start();
		},
		readBytes: async ({ offset, length }, signal) => {
			trusted();
			const { uri, model } = await shown();
			const file = { uri, bytes: model.index.bytes, version: model.fileVersion };
			return await readRange(file, offset, length, signal);
		},
		readExternal: async ({ location, offset, length }, signal) => {
			trusted();
			const { model } = await shown();
			const file = model.external.files.find((known) => known.location === location);
			if (!file) throw refusal(`The model has no weights in ${location}.`);
			return await readRange(file, offset, length, signal);
		},
		listFiles: async () => {
			trusted();
			return arrays.list((await shown()).uri);
		},
		describeFile: ({ path }, signal) => {
			trusted();
			return arrays.describe(path, signal);
		},
		readArray: ({ path, name }, signal) => {
			trusted();
			return arrays.read(path, name, signal);
		},
		pickFile: async () => {
			trusted();
			return arrays.pick((await shown()).uri);
		},
		listModels: async () =>
			(await services.models.list()).map((uri) => ({
				uri: uri.toString(),
				name: vscode.workspace.asRelativePath(uri),
			})),
		describeModel: async ({ uri }) => (await listed(uri)).summary,
		readModel: async ({ uri, offset, length }, signal) => {
			trusted();
			const { model } = await listed(uri);
			const file = { uri: model.uri, bytes: model.index.bytes, version: model.fileVersion };
			return await readRange(file, offset, length, signal);
		},
		planModel: async ({ uri, request }) => {
			trusted();
			return planSiteProbes((await listed(uri)).model.index, request);
		},
		planProbes: async (request) => {
			trusted();
			return planSiteProbes((await shown()).model.index, request);
		},
		otherInput: async ({ why }) => services.inputs.otherwise((await shown()).model, why),
		findTensors: async (search) => findTensors((await shown()).model.index, search),
		reportRun: async (summary) => {
			const { uri, model } = await shown();
			const known = new Set(model.sites.map(({ id }) => id));
			const sites = summary.sites.filter(({ site }) => known.has(site));
			if (summary.manifest.model.version !== model.version)
				throw refusal('The run is of another state of the model file.');
			await services.results.set(uri, { ...summary, sites });
			await services.memory.touchModel(uri.toString());
		},
		reportStatus: (status) => page.status(status),
		revealCode: async ({ site }) => {
			await vscode.commands.executeCommand('attnscope.goToCode', targetOf(page, site));
		},
		selectSite: async ({ site }) => {
			const { uri, model } = await shown();
			if (!model.sites.some(({ id }) => id === site))
				throw refusal(`The model has no site named ${site}.`);
			await services.memory.setSite(uri.toString(), site);
			page.selectSite(site);
		},
		saveFile: ({ name, bytes }) => saveFile(page.uri(), name, bytes),
		command: async ({ id }) => {
			await (id === 'manageTrust'
				? vscode.commands.executeCommand('workbench.trust.manage')
				: vscode.commands.executeCommand(
						`attnscope.${id}`,
						id === 'openModel' ? undefined : targetOf(page),
					));
		},
	};
}

const refusal = (sentence: string) => new ProtocolError('failed', sentence);

function targetOf(page: AskingPage, site?: string): ModelTarget | undefined {
	const uri = page.uri();
	return uri && { model: uri.toString(), ...(site !== undefined && { site }) };
}

interface ReadableFile {
	readonly uri: vscode.Uri;
	readonly bytes: number;
	readonly version: string;
}

async function readRange(
	{ uri, bytes, version }: ReadableFile,
	offset: number,
	length: number,
	signal: AbortSignal,
): Promise<Uint8Array> {
	if (length > mostBytesAtOnce)
		throw refusal(`At most ${mostBytesAtOnce} bytes are read at once, not ${length}.`);
	if (offset + length > bytes)
		throw refusal(`The file has ${bytes} bytes, and ${length} were asked for from ${offset}.`);
	if ((await versionOf(uri)) !== version)
		throw refusal('The model changed while it was loaded; run again.');
	return exactly(await withModelBytes(uri, (source) => source.read(offset, length, signal)));
}

/** A view would be sent with all of the buffer behind it. */
function exactly(bytes: Uint8Array): Uint8Array {
	return bytes.byteLength === bytes.buffer.byteLength && bytes.constructor === Uint8Array
		? bytes
		: new Uint8Array(bytes);
}

async function saveFile(
	model: vscode.Uri | undefined,
	name: string,
	bytes: Uint8Array,
): Promise<boolean> {
	const bare = name.replace(/[^\w.\- ]+/g, '-');
	const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
	const start = folder ?? (model && vscode.Uri.joinPath(model, '..'));
	const target = await vscode.window.showSaveDialog({
		...(start && { defaultUri: vscode.Uri.joinPath(start, bare) }),
		title: vscode.l10n.t('Save {0}', bare),
	});
	if (!target) return false;
	await vscode.workspace.fs.writeFile(target, bytes);
	return true;
}
