import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';

/** `m = torch.cat([choice, 1 - choice], dim=-1)` in the sample's model.py. */
const routerLine = 101;

journey(
	'opens a routed model on its routes; a flip changes what it answers, and restoring gives the same back',
	async ({ editor, session }) => {
		await editor.openModel('natsl/model.onnx');
		const panel = await (await editor.inspector('panel')).isDrawn();
		const before = await panel.description();
		expect(before).toMatch(/^Layer 1 keeps \d+ % of its 32 chunks exactly/);
		expect(await panel.proof()).toContain('verified');
		await session.shot('routes');

		// the chunks that hold the pairs, in both heads
		const track = panel.part(/^Routes of layer 1/);
		await track.focus();
		for (const key of ['Home', 'Enter', 'ArrowDown', 'Enter']) await track.press(key);
		await panel.describes('2 flipped: ');
		await panel.describes('answers of 16 change');
		expect(await panel.description()).toMatch(/\d+ of 16 answers are right \(16 unforced\)/);
		expect(await panel.value.innerText()).toContain('the router chose softmax');
		await session.shot('flipped');

		await panel.control('button', 'Restore the model’s own routes').press('Enter');
		// the forced sentence holds the unforced one
		await expect.poll(() => panel.description(), { timeout: 30_000 }).toBe(before);

		await editor.openFile('natsl/model.py');
		await editor.goToLine(routerLine);
		await editor.pictureAfter('torch.cat([choice');
		await session.shot('strip');
	},
	{ samples: ['common', 'natsl'] },
);

journey('says of a softmax model which heads could go linear', async ({ editor, session }) => {
	await editor.openModel('mqar-softmax/model.onnx');
	const panel = await (await editor.inspector('panel')).isDrawn();
	await panel.showView('Token routing');
	await panel.describes('of 4 heads stay within 10 %');
	await panel.describes('of the chunks must stay softmax');
	await panel.choose('In softmax’s place', 'ReLU');
	await panel.describes('With ReLU in softmax’s place');
	await session.shot('what-could-go-linear');
});
