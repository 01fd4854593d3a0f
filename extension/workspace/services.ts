import type * as vscode from 'vscode';
import type { Inputs } from './inputs.ts';
import type { Memory } from './memory.ts';
import type { ModelStore } from './model-store.ts';
import type { PythonFiles } from './python-files.ts';
import type { RunResults } from './run-results.ts';

/** What panels, commands and the editor's decorations share. */
export interface Services {
	readonly context: vscode.ExtensionContext;
	readonly log: vscode.LogOutputChannel;
	readonly memory: Memory;
	readonly python: PythonFiles;
	readonly models: ModelStore;
	readonly inputs: Inputs;
	readonly results: RunResults;
}
