import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';

journey('opens a model from the explorer and proves its picture', async ({ editor, session }) => {
	await editor.openModel('mqar-softmax/model.onnx');
	const panel = await (await editor.inspector('panel')).isDrawn();
	expect(await panel.description()).toMatch(/^Layer \d head \d .*\.$/);
	expect(await panel.proof()).toMatch(/^verified: .* residual \d/);
	expect(await panel.backend()).toContain('WebGPU');
	await session.shot('smoke');
});
