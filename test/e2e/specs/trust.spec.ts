import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';

journey(
	'reads a graph in a folder that is not trusted, and runs nothing before it is',
	async ({ editor }) => {
		await editor.isRestricted();
		await editor.openModel('mqar-softmax/model.onnx');
		const panel = await editor.inspector('panel');
		expect(await panel.waitsFor()).toContain('attention sites: 2');
		expect(await editor.commandsOffered('Attnscope')).not.toContain('Attnscope: Run Model');
	},
	// The question itself is the editor's own and comes in other shapes with its versions
	{ asksForTrust: true, settings: { 'security.workspace.trust.startupPrompt': 'never' } },
);
