import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';
import { expectReference } from '../harness/reference.ts';

journey(
	'draws the weights that PyTorch computed, and reads each out by keyboard',
	async ({ editor, session }) => {
		await editor.openModel('mqar-softmax/model.onnx');
		const panel = await (await editor.inspector('panel')).isDrawn();
		const reference = await expectReference(editor, panel, session);
		const { matrix } = panel;
		await matrix.focus();
		for (const key of ['Home', 'ArrowDown', 'ArrowDown', 'ArrowRight']) await matrix.press(key);
		const [, query, at, weight] = /query (\d+).*key (\d+).*?weight ([\d.e-]+)/.exec(
			await panel.value.innerText(),
		)!;
		const expected = reference.weight(Number(query), Number(at));
		expect(Number(weight)).toBeCloseTo(expected, 3);
	},
);
