import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';

/** `self.mixer = …` in the block of the sample's model.py. */
const mixerLine = 37;

journey(
	'plays tokens with their velocities through the layers, takes momentum away, moves particles and runs the race',
	async ({ editor, session }) => {
		await editor.openModel('momentum-yuriiformer/model.onnx');
		const panel = await (await editor.inspector('panel')).isDrawn();
		await panel.showView('Momentum');
		await panel.describes(
			'with its velocities taken away predicts at a loss of 3.85 instead of 2.12',
		);
		expect(await panel.proof()).toContain('verified');
		await session.shot('momentum');

		await panel.control('button', 'Play').click();
		await panel.control('button', 'Pause').click();
		await panel.control('button', 'Play').waitFor();
		await panel.control('button', 'From the start').click();
		const tokens = panel.part(/^Tokens; the arrow keys follow one/);
		await tokens.focus();
		await tokens.press('ArrowRight');
		await expect
			.poll(() => panel.value.innerText(), { timeout: 10_000 })
			.toMatch(/^token \d+ \(.\) at \(/);

		await panel.control('slider', 'Momentum').fill('0.5');
		await panel.describes('Momentum × 0.5: loss 2.52 nats (+0.394)');
		await session.shot('momentum-dial');

		await panel.choose('Show', 'Particles');
		await panel.describes('600 particles under softmax attention at t = 0');
		await panel.control('button', 'Play').click();
		await panel.describesAnew('at t = 0:');
		// a list that is open stays so when they have come to their end and the button beside it is another one
		await panel.control('combobox', 'System').click();
		await panel.control('button', 'Play').waitFor();
		await panel.pick('linear attention');
		await panel.describes('One matrix maps the start to every later cloud');
		await session.shot('momentum-particles');

		await panel.choose('Show', 'Convergence race');
		await panel.describes('mean of 5 draws');
		expect(await panel.description()).toContain('attention’s own potential has no floor');
		await session.shot('momentum-race');

		await editor.openFile('momentum-yuriiformer/model.py');
		await editor.goToLine(mixerLine);
		await editor
			.codeLens(/energy/)
			.first()
			.waitFor();
		const { width } = await (await editor.hoverAtCursor()).pictureSize();
		expect(width).toBeGreaterThan(50);
		await session.shot('momentum-code');
	},
	{ samples: ['common', 'momentum-standard', 'momentum-yuriiformer', 'momentum-sympformer'] },
);
