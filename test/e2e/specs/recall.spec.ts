import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';

journey(
	'asks Gated DeltaNet what it recalls, stops half way, goes on, and says why one query failed',
	async ({ editor, session }) => {
		await editor.openModel('mqar-gated-delta/model.onnx');
		const panel = await (await editor.inspector('panel')).isDrawn();
		await editor.runCommand('Attnscope: Run Recall Probe');
		const recall = panel.recall;
		await recall.stop();
		const stopped = await recall.stoppedAfter();
		expect(stopped.asked).toBeGreaterThan(0);
		expect(stopped.asked).toBeLessThan(stopped.planned);
		await recall.resume();
		expect(await recall.finished()).toBe(stopped.planned);
		await recall.chooseRow(0);
		expect(await recall.cause()).toMatch(/the model says v\d+: [a-z ]+.*Verified: with /);
		await session.shot('recall');
		await editor.openFile('mqar-gated-delta/model.py');
		await editor.codeLens(/MQAR 8 pairs \d+(\.\d)? % · 32 pairs \d+(\.\d)? %/).first().waitFor(); // prettier-ignore
	},
	{ samples: ['common', 'mqar-gated-delta'] },
);
