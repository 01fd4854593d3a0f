import { expect } from 'vitest';
import { expectReference } from '../harness/reference.ts';
import { journey } from '../harness/journey.ts';

journey(
	'falls back to WASM where there is no WebGPU, says so, and draws the same numbers',
	async ({ editor, session }) => {
		await editor.openModel('mqar-softmax/model.onnx');
		const panel = await (await editor.inspector('panel')).isDrawn();
		expect(await panel.backend()).toContain('WASM');
		expect(await panel.backendReason()).toContain('WebGPU');
		expect(await panel.proof()).toContain('verified');
		await expectReference(editor, panel, session);
	},
	{ webgpu: false },
);
