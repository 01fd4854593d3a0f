import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';

journey(
	'reads, runs and links a model of a workspace that is on no disk',
	async ({ editor, session }) => {
		await editor.openModel('mqar-softmax/model.onnx');
		const panel = await (await editor.inspector('panel')).isDrawn();
		expect(await panel.proof()).toContain('verified');
		await editor.runCommand('Attnscope: Go to Code of Attention Site');
		await editor.tab('model.py').waitFor();
		await editor
			.codeLens(/verified/)
			.first()
			.waitFor();
		await session.shot('virtual');
	},
	{ virtual: true },
);
