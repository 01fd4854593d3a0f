import { describe, expect, it } from 'vitest';
import { findCycle, importsOf } from './imports.ts';
import { shippedFolders, shippedSources } from './repository.ts';

interface Rule {
	/** Files the rule binds; its first group, if any, is handed to `forbids`. */
	readonly from: RegExp;
	/** Whether such a file may not import `target`: a path from the root, or a package's name. */
	readonly forbids: (target: string, own: string, file: string) => boolean;
	/** Finishes "… but". */
	readonly because: string;
}

const under =
	(...folders: string[]) =>
	(target: string) =>
		folders.some((folder) => target.startsWith(`${folder}/`));

const isPackage = (target: string) => !under(...shippedFolders, 'test', 'samples')(target);
const isFrontDoor = (target: string) => /^kernels\/([^/]+)\/\1\.ts$/.test(target);

const rules: readonly Rule[] = [
	{
		from: /^extension\/protocol\//,
		forbids: (target) => !under('extension/protocol')(target),
		because: 'both ends of the conversation load the protocol',
	},
	{
		from: /^extension\//,
		forbids: under('webview', 'kernels', 'cli'),
		because: 'the host starts with the editor and has no GPU',
	},
	{
		from: /^extension\/(onnx|attention|source)\//,
		forbids: (target) => target === 'vscode',
		because: 'reading a model is tested, and run from the command line, without an editor',
	},
	{
		from: /^kernels\//,
		forbids: (target) => !under('kernels')(target),
		because: 'a kernel is usable and testable alone',
	},
	{
		from: /^kernels\/([^/]+)\//,
		forbids: (target, own) =>
			under('kernels')(target) && !under('kernels/common', `kernels/${own}`)(target),
		because: 'one operator is added or deleted without touching another',
	},
	{
		from: /^webview\//,
		forbids: (target) =>
			target === 'vscode' ||
			target.startsWith('node:') ||
			(under('extension', 'cli')(target) && !under('extension/protocol')(target)),
		because: 'a webview has neither the editor nor Node',
	},
	{
		from: /^(?:webview|cli)\//,
		forbids: (target) =>
			under('kernels')(target) &&
			!under('kernels/common')(target) &&
			target !== 'kernels/operators.ts' &&
			!isFrontDoor(target),
		because:
			'a folder is entered by the file that bears its name, or chosen from the list of operators',
	},
	{
		from: /^webview\/views\/([^/]+)\//,
		forbids: (target, own) =>
			isPackage(target) ||
			(under('webview')(target) && !under('webview/view-api', `webview/views/${own}`)(target)),
		because: 'a view is one folder and one line',
	},
	{
		from: /^webview\/view-api\//,
		forbids: (target) =>
			isPackage(target) || (under('webview')(target) && !under('webview/view-api')(target)),
		because: 'every view loads what the view-api loads',
	},
	{
		from: /^/,
		forbids: (target, _, file) =>
			target.startsWith('@vscode/webview-ui-toolkit') && file !== 'webview/app/toolkit.ts',
		because: 'the toolkit is archived, and one file is replaced more easily than many',
	},
	{
		from: /^cli\//,
		forbids: (target) => target === 'vscode',
		because: 'the command line has no editor',
	},
	{
		from: /^/,
		forbids: (target) => under('test')(target) || target === 'vitest',
		because: 'test code does not ship',
	},
];

describe('imports', () => {
	it.each(rules)('go one way: $because', ({ from, forbids, because }) => {
		const broken = shippedSources().flatMap((file) => {
			const match = from.exec(file);
			return match
				? importsOf(file)
						.filter((target) => forbids(target, match[1] ?? '', file))
						.map((target) => `${file} imports ${target}, but ${because}`)
				: [];
		});
		expect(broken).toEqual([]);
	});

	it('form no cycle', () => {
		expect(findCycle(shippedSources())?.join(' -> ')).toBeUndefined();
	});
});
