import * as vscode from 'vscode';
import type { Command } from './command.ts';
import { runIn } from './run.ts';

/** Opens the bundled sample: its code, and its model beside it. It is a copy, so that it may be changed. */
export const openSample: Command = {
	id: 'attnscope.openSample',
	async execute(parts) {
		const { extensionUri, globalStorageUri, extension } = parts.services.context;
		const { version } = extension.packageJSON as { version: string };
		const bundled = vscode.Uri.joinPath(extensionUri, 'samples');
		// named as where it was exported, so that the lines in the model lead to this copy
		const copy = vscode.Uri.joinPath(globalStorageUri, version, 'samples');
		if (!(await hasFile(copy, 'mqar-softmax', 'model.onnx')))
			await vscode.workspace.fs.copy(bundled, copy, { overwrite: true });
		const code = vscode.Uri.joinPath(copy, 'mqar-softmax', 'model.py');
		const model = vscode.Uri.joinPath(copy, 'mqar-softmax', 'model.onnx');
		await vscode.window.showTextDocument(code, { viewColumn: vscode.ViewColumn.One });
		if (vscode.workspace.isTrusted) await runIn(parts, model);
		else await parts.pages.open(model);
	},
};

async function hasFile(...path: [vscode.Uri, ...string[]]): Promise<boolean> {
	try {
		await vscode.workspace.fs.stat(vscode.Uri.joinPath(...path));
		return true;
	} catch (error) {
		if (error instanceof vscode.FileSystemError) return false;
		throw error;
	}
}
