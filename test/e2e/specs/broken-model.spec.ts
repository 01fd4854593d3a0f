import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';

const cut = new Uint8Array([0x08, 0x08, 0x3a, 0xff, 0x7f, 0x0a]);

journey(
	'says what is wrong with a broken file, and where, and goes on',
	async ({ editor }) => {
		await editor.openModel('broken.onnx');
		const panel = await editor.inspector('panel');
		expect(await panel.failure()).toMatch(/byte \d/);
		await editor.closeTab('broken.onnx');
		await editor.openModel('mqar-softmax/model.onnx');
		const good = await (await editor.inspector('panel')).isDrawn();
		expect(await good.proof()).toContain('verified');
	},
	{ files: { 'broken.onnx': cut } },
);
