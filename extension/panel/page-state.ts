import * as vscode from 'vscode';
import type { PageState } from '../protocol/messages.ts';
import type { Services } from '../workspace/services.ts';
import { settings } from '../workspace/settings.ts';

/** Larger models wait for the button: loading one takes its size in memory. */
const runAtOnceBytes = 256 * 1024 * 1024;

/** What someone who opened a page wants of it, beyond showing the model. */
export interface Wish {
	readonly site?: string;
	readonly run?: boolean;
	/** The view to show, and fields of its state to set. */
	readonly view?: { readonly id: string; readonly state?: Readonly<Record<string, unknown>> };
}

/** All that a page needs to paint `uri`, as it is now. */
export async function pageStateOf(
	services: Services,
	uri: vscode.Uri | undefined,
	wish: Wish,
): Promise<PageState> {
	const common = {
		trusted: vscode.workspace.isTrusted,
		backend: settings.backend,
		view: wish.view ? { id: wish.view.id, state: wish.view.state ?? {} } : null,
	};
	const nothing = { model: null, problem: null, input: null, inputNote: '', site: null };
	if (!uri) return { ...common, ...nothing, runAtOnce: false };
	const state = await services.models.load(uri);
	if (state.kind === 'failed')
		return { ...common, ...nothing, problem: state.problem, runAtOnce: false };
	const { summary, model } = state;
	if (model.external.problem !== '')
		return { ...common, ...nothing, problem: model.external.problem, runAtOnce: false };
	const { input, note } = await services.inputs.resolve(model);
	const bytes = summary.external.reduce((sum, file) => sum + file.bytes, summary.bytes);
	const small = bytes <= runAtOnceBytes;
	return {
		...common,
		model: summary,
		problem: null,
		input,
		inputNote: note,
		site: wish.site ?? services.memory.site(uri.toString()),
		runAtOnce: common.trusted && (wish.run === true || (settings.runOnOpen && small)),
	};
}
