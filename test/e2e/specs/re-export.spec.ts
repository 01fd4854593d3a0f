import { expect } from 'vitest';
import { exportAgain } from '../harness/export-again.ts';
import { journey } from '../harness/journey.ts';

const numbers = /layer 1 · 2 heads · entropy [\d.]+ · reach [\d.]+ tokens · verified/;

journey(
	'shows the new picture and the new numbers by itself when the code was edited and exported again',
	async ({ editor, session }) => {
		await editor.openModel('mqar-softmax/model.onnx');
		const panel = await (await editor.inspector('panel')).isDrawn();
		const before = await panel.description();
		await editor.openFile('mqar-softmax/model.py');
		const lens = editor.codeLens(numbers).first();
		await lens.waitFor();
		const said = await lens.innerText();
		await editor.showTab('model.onnx');
		await exportAgain(session.workspace, 4);
		await panel.describesAnew(before);
		expect(await panel.proof()).toContain('verified');
		await editor.showTab('model.py');
		await editor.codeLens(numbers).filter({ hasNotText: said }).first().waitFor();
	},
);
