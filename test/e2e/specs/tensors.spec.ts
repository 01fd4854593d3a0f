import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';

journey(
	'looks into a tensor by its name, changes it by hand and undoes it',
	async ({ editor, session }) => {
		await editor.openModel('mqar-softmax/model.onnx');
		await (await editor.inspector('panel')).isDrawn();
		await editor.runCommand('Attnscope: Look into a Tensor…');
		await editor.typeAnswer('layer 1 output', 'Enter');
		const panel = await editor.inspector('panel');
		await panel.describes('/layers.1/mixer/MatMul_1_output_0 (layer 1 output) is float32 [1, 2, 64, 32]'); // prettier-ignore
		await panel.choose('What if', 'set to zero');
		await panel.control('button', 'Apply this change').click();
		await panel.describes('With zero /layers.1/mixer/MatMul_1_output_0: logits changes by at most');
		expect(await panel.description()).toMatch(/\d+ of 64 predictions/);
		await session.shot('tensors');
		await panel.control('button', 'Undo the last change').click();
		await panel.control('button', 'Undo the last change').waitFor({ state: 'detached' });
		expect(await panel.description()).not.toContain('With zero');
		await panel.choose('Look at', 'both backends');
		await panel.describes('All 81 float tensors read on WebGPU and WASM');
		await panel.choose('Look at', 'where nodes ran');
		await panel.describes('on WebGPU');
	},
);
