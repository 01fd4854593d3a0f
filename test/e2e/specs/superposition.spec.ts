import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';

/** The class of the attention in MIMOFormer's model.py. */
const attentionClass = 32;

journey(
	'takes a packed network apart, and draws the phase diagram while a slider is dragged',
	async ({ editor, session }) => {
		await editor.openModel('superposed-and/model.onnx');
		const panel = await (await editor.inspector('panel')).isDrawn();
		await panel.showView('Superposition');
		await panel.describes('1,024 functions in 768 neurons');
		expect(await panel.proof()).toMatch(/^verified: /);
		await session.shot('superposition-layer');
		await panel.choose('Show', 'Phase diagram');
		// the first networks of each cell are enough here
		await panel.control('checkbox', 'Refine').click();
		await panel.describes('half of them are at');
		const before = await panel.description();
		await panel.control('slider', 'Neurons n').press('PageUp');
		await panel.describesAnew(before.split(' with ')[0]!);
		expect(await panel.description()).toMatch(/^1,024 ANDs in \d+ neurons with 3 features on/);
		await session.shot('superposition-phase');
	},
	{ samples: ['common', 'superposed-and'] },
);

journey(
	'switches the number of inputs that share a pass with the same weights',
	async ({ editor, session }) => {
		await editor.openModel('mimoformer/model.onnx');
		const panel = await (await editor.inspector('panel')).isDrawn();
		await panel.showView('Superposition');
		await panel.describes('16 inputs share one pass');
		expect(await panel.proof()).toMatch(/^verified: /);
		await panel.choose('Inputs at once', '4 (2×2)');
		await panel.describes('4 inputs share one pass');
		expect(await panel.description()).toContain('law −4.8 dB');
		await session.shot('superposition-grid');
		await editor.openFile('mimoformer/model.py');
		await editor.goToLine(attentionClass);
		await editor
			.codeLens(/channels · SNR −[\d.]+ dB/)
			.first()
			.waitFor();
		await session.shot('superposition-code');
	},
	{
		samples: ['common', 'mimoformer'],
		// 512 stored sequences on each grid take minutes on a software GPU
		settings: { 'attnscope.backend': 'wasm' },
	},
);
