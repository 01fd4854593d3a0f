import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';

const numbers = /^layer 1 · 2 heads · entropy [\d.]+ · reach [\d.]+ tokens · verified \S+$/;
const outdated = /^layer 1 · 2 heads · .* · verified \S+ \(out of date\)$/;
/** `class SoftmaxAttention` in the sample's model.py, once a line stands above it. */
const movedClass = 14;

journey(
	'says of numbers that the code was edited since, and takes it back when the edit is undone',
	async ({ editor, session }) => {
		await editor.openModel('mqar-softmax/model.onnx');
		await (await editor.inspector('panel')).isDrawn();
		await editor.openFile('mqar-softmax/model.py');
		await editor.codeLens(numbers).first().waitFor();
		await editor.goToLine(1);
		await editor.focusCode();
		await session.page.keyboard.press('Enter');
		await editor.codeLens(outdated).first().waitFor();
		expect(await editor.codeLens(numbers).count()).toBe(0);
		await editor.goToLine(movedClass);
		const hover = await editor.hoverAtCursor();
		expect(await hover.text()).toContain('changed since');
		await session.shot('out-of-date');
		await editor.focusCode();
		await session.page.keyboard.press('Control+z');
		await editor.codeLens(numbers).first().waitFor();
	},
);
