import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';

journey('shows the same head again after the window was reloaded', async ({ editor }) => {
	await editor.openModel('mqar-softmax/model.onnx');
	const before = await (await editor.inspector('panel')).isDrawn();
	const sharpest = await before.description();
	const other = sharpest.includes('head 0') ? 1 : 0;
	await before.head(other).click();
	await before.describes(`head ${String(other)} `);
	const chosen = await before.description();
	await editor.reload();
	const after = await (await editor.inspector('panel')).isDrawn();
	expect(await after.description()).toBe(chosen);
	expect(await after.proof()).toContain('verified');
});
