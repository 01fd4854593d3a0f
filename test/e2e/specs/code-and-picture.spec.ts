import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';
import { Question } from '../pages/question.ts';

const model = 'mqar-softmax/model.onnx';
const code = 'mqar-softmax/model.py';
/** `class SoftmaxAttention` in the sample's model.py. */
const attentionClass = 13;

journey('shows the run above the code and in its hover', async ({ editor, session }) => {
	await editor.openFile(code);
	await editor
		.codeLens(/layer 1 · softmax · 2 heads · run/)
		.first()
		.waitFor();
	await editor.openModel(model);
	await (await editor.inspector('panel')).isDrawn();
	await editor.showTab('model.py');
	await editor
		.codeLens(/layer 1 · 2 heads · entropy [\d.]+ · reach [\d.]+ tokens · verified \de-\d/)
		.first()
		.waitFor();
	await editor.goToLine(attentionClass);
	const hover = await editor.hoverAtCursor();
	expect(await hover.text()).toMatch(/verified \de-\d/);
	const { width, height } = await hover.pictureSize();
	expect(width).toBeGreaterThan(50);
	expect(height).toBeGreaterThan(50);
	await session.shot('code');
	await hover.link('Open large').first().click();
	await (await editor.inspector('panel')).isDrawn();
});

journey('goes from a lens to its site, and from the site to the code', async ({ editor }) => {
	await editor.openFile(code);
	await editor
		.codeLens(/layer 0 · softmax/)
		.first()
		.click();
	const panel = await (await editor.inspector('panel')).isDrawn();
	expect(await panel.description()).toMatch(/^Layer 0 /);
	await panel.control('button', 'Go to code').click();
	await editor.cursorLine(attentionClass).waitFor();
});

journey('shows beside the code the site picked of those it makes', async ({ editor, session }) => {
	await editor.openFile(code);
	await editor
		.codeLens(/layer 0 · softmax/)
		.first()
		.waitFor();
	await editor.goToLine(attentionClass);
	await editor.runCommand('Attnscope: Show Attention at Cursor');
	await new Question(session.page).asks('Which attention site?');
	await session.shot('which-site');
	await new Question(session.page).choose(/layer 1 .*mqar-softmax\/model\.onnx/);
	const panel = await (await editor.inspector('side')).isDrawn();
	expect(await panel.description()).toMatch(/^Layer 1 /);
	expect(await panel.proof()).toContain('verified');
	await session.shot('side');
});
