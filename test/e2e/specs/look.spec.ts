import { describe, expect } from 'vitest';
import { journey } from '../harness/journey.ts';

const themes = {
	dark: 'Default Dark Modern',
	light: 'Default Light Modern',
	'hc-black': 'Default High Contrast',
	'hc-light': 'Default High Contrast Light',
};

describe.each(Object.entries(themes))('in the %s theme', (kind, theme) => {
	journey(
		`draws the picture in a full tab and in the narrowest side bar (${kind})`,
		async ({ editor, session }) => {
			await editor.openModel('mqar-softmax/model.onnx');
			const tab = await (await editor.inspector('panel')).isDrawn();
			await session.shot(`tab-${kind}`);
			expect(await tab.contrastOfDescription()).toBeGreaterThan(4.5);
			expect(await tab.overflow()).toBe(0);
			await editor.openFile('mqar-softmax/model.py');
			await editor.goToLine(13);
			await editor.runCommand('Attnscope: Show Attention at Cursor');
			const side = await (await editor.inspector('side')).isDrawn();
			await session.shot(`side-${kind}`);
			expect(await side.overflow()).toBe(0);
		},
		{ settings: { 'workbench.colorTheme': theme } },
	);
});
