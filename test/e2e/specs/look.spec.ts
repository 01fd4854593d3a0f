import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';
import { Question } from '../pages/question.ts';
import type { ThemeKind } from '../pages/inspector-panel.ts';

const themes: readonly { name: string; kind: ThemeKind; shot: string }[] = [
	{ name: 'Dark Modern', kind: 'vscode-dark', shot: 'dark' },
	{ name: 'Light Modern', kind: 'vscode-light', shot: 'light' },
	{ name: 'Dark High Contrast', kind: 'vscode-high-contrast', shot: 'hc-black' },
	{ name: 'Light High Contrast', kind: 'vscode-high-contrast-light', shot: 'hc-light' },
];

journey(
	'is legible and fits, in every kind of theme, in a full tab and in a side bar',
	async ({ editor, session }) => {
		await editor.openModel('mqar-softmax/model.onnx');
		const tab = await (await editor.inspector('panel')).isDrawn();
		for (const { name, kind, shot } of themes) {
			await editor.useTheme(name);
			await tab.isThemed(kind);
			await session.shot(`tab-${shot}`);
			expect.soft(await tab.contrastOfDescription(), name).toBeGreaterThan(4.5);
			expect.soft(await tab.overflow(), name).toBe(0);
		}
		await editor.openFile('mqar-softmax/model.py');
		await editor.goToLine(13);
		await editor.runCommand('Attnscope: Show Attention at Cursor');
		await new Question(session.page).choose(/layer 0/);
		const side = await (await editor.inspector('side')).isDrawn();
		for (const { name, kind, shot } of themes) {
			await editor.useTheme(name);
			await side.isThemed(kind);
			await session.shot(`side-${shot}`);
			expect.soft(await side.contrastOfDescription(), name).toBeGreaterThan(4.5);
			expect.soft(await side.overflow(), name).toBe(0);
		}
	},
);
