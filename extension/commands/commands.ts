import * as vscode from 'vscode';
import { cancelRun } from './cancel-run.ts';
import { clearInlineResults } from './clear-inline-results.ts';
import type { Command, Parts } from './command.ts';
import { exportPicture } from './export-picture.ts';
import { goToCode } from './go-to-code.ts';
import { goToNode } from './go-to-node.ts';
import { goToSite } from './go-to-site.ts';
import { openModel } from './open-model.ts';
import { openSample } from './open-sample.ts';
import { pickBackend } from './pick-backend.ts';
import { pinSite } from './pin-site.ts';
import { probeTensor } from './probe-tensor.ts';
import { run } from './run.ts';
import { runRecallProbe } from './run-recall-probe.ts';
import { runOnInput } from './run-on-input.ts';
import { showAttentionAtCursor } from './show-attention-at-cursor.ts';

/** Every command, one line each. */
export const commands: readonly Command[] = [
	cancelRun,
	clearInlineResults,
	exportPicture,
	goToCode,
	goToNode,
	goToSite,
	openModel,
	openSample,
	pickBackend,
	pinSite,
	probeTensor,
	run,
	runRecallProbe,
	runOnInput,
	showAttentionAtCursor,
];

export function registerCommand(command: Command, parts: Parts): vscode.Disposable {
	return vscode.commands.registerCommand(command.id, (argument: unknown) =>
		command.execute(parts, argument),
	);
}
