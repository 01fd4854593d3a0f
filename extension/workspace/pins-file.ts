import * as vscode from 'vscode';
import {
	parsePins,
	pinsFileOf,
	withPath,
	withPin,
	writePins,
	type Pin,
	type Pins,
} from '../source/pins.ts';

const none: Pins = { sites: [], paths: new Map() };

/** Where the user's own code links of a model are kept: beside it. */
export function pinsFile(model: vscode.Uri): vscode.Uri {
	return model.with({ path: pinsFileOf(model.path) });
}

/** Pins with their files as uris. @throws Error with a sentence where the file is not as it should be */
export async function readPins(model: vscode.Uri): Promise<Pins> {
	const folder = vscode.Uri.joinPath(model, '..');
	const absolute = (file: string) =>
		/^[\w-]+:\//.test(file) ? file : vscode.Uri.joinPath(folder, file).toString();
	const { sites, paths } = await readAsWritten(model);
	return {
		sites: sites.map((pin) => ({ ...pin, file: absolute(pin.file) })),
		paths: new Map([...paths].map(([from, to]) => [from, absolute(to)])),
	};
}

/** Keeps one more pin; its file is written relative to the model where both lie in one workspace folder. */
export async function savePin(model: vscode.Uri, pin: Pin): Promise<void> {
	const file = relative(model, pin.file);
	await change(model, (pins) => withPin(pins, { ...pin, file }));
}

/** Keeps which file an exported path stands for. */
export async function savePath(model: vscode.Uri, exported: string, file: string): Promise<void> {
	await change(model, (pins) => withPath(pins, exported, relative(model, file)));
}

async function change(model: vscode.Uri, of: (pins: Pins) => Pins): Promise<void> {
	const text = writePins(of(await readAsWritten(model)));
	await vscode.workspace.fs.writeFile(pinsFile(model), new TextEncoder().encode(text));
}

async function readAsWritten(model: vscode.Uri): Promise<Pins> {
	const file = pinsFile(model);
	try {
		return parsePins(new TextDecoder().decode(await vscode.workspace.fs.readFile(file)));
	} catch (error) {
		if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return none;
		const why = error instanceof Error ? error.message : String(error);
		throw new Error(vscode.l10n.t('The pins in {0} cannot be read: {1}', file.path, why), {
			cause: error,
		});
	}
}

function relative(model: vscode.Uri, file: string): string {
	const target = vscode.Uri.parse(file);
	const folder = model.path.split('/').slice(0, -1);
	const parts = target.path.split('/');
	if (target.scheme !== model.scheme || target.authority !== model.authority) return file;
	let common = 0;
	while (common < Math.min(folder.length, parts.length - 1) && folder[common] === parts[common])
		common++;
	return [...folder.slice(common).map(() => '..'), ...parts.slice(common)].join('/');
}
