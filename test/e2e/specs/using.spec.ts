import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';

/** Long enough that a run on the software GPU is still under way when it is stopped. */
const manyTokens = Array.from({ length: 2_000 }, (_, at) => 1 + (at % 60)).join(' ');

/** A tokenizer of whole words between spaces. */
function tokenizerOf(vocab: Readonly<Record<string, number>>): string {
	return JSON.stringify({
		...{ version: '1.0', truncation: null, padding: null, added_tokens: [] },
		...{ normalizer: null, post_processor: null, decoder: null },
		pre_tokenizer: { type: 'WhitespaceSplit' },
		model: { type: 'WordLevel', unk_token: 'red', vocab },
	});
}

journey(
	'runs on what is typed, says what does not fit, saves the data, and stops when told',
	async ({ editor, session }) => {
		await editor.openModel('mqar-softmax/model.onnx');
		const panel = await (await editor.inspector('panel')).isDrawn();

		await editor.chooseInput('Token ids…');
		await editor.typeAnswer('5, 99999');
		await editor.answerProblem(/99999/).waitFor();
		await editor.typeAnswer('5 17 3 5 17', 'Enter');
		await panel.describes('of 3 queries');
		expect(await panel.proof()).toContain('verified');

		await panel.export('JSON');
		const path = join(session.workspace, 'mqar-softmax', 'tokens.json');
		await editor.answerFileDialog(path);
		await editor.fileIsThere(path);
		const saved = JSON.parse(await readFile(path, 'utf8')) as {
			manifest: { input: { shapes: unknown } };
		};
		expect(saved.manifest.input.shapes).toEqual({ input_ids: [1, 5] });

		await editor.chooseInput('Text…');
		const before = await panel.description();
		await editor.typeAnswer('red blue green red blue red', 'Enter');
		await panel.describesAnew(before);
		expect(await panel.proof()).toContain('verified');
		await session.shot('typed-text');

		await editor.chooseInput('Token ids…');
		await editor.typeAnswer(manyTokens, 'Enter');
		await panel.isBusy();
		await panel.control('button', 'Cancel').click();
		expect(await panel.waitsFor('idle')).toContain('stopped');
		await session.shot('cancelled');
		await editor.chooseInput('The prompt beside the model');
		await panel.describes('induction-like');
	},
	{
		samples: ['common', 'mqar-softmax'],
		files: { 'mqar-softmax/tokenizer.json': tokenizerOf({ red: 5, green: 17, blue: 3 }) },
	},
);

journey('goes on after the GPU was lost', async ({ editor, session }) => {
	await editor.openModel('mqar-softmax/model.onnx');
	const panel = await (await editor.inspector('panel')).isDrawn();
	await session.crashGpu();
	expect(await panel.failure()).toContain('run it again');
	await session.shot('device-lost');
	await panel.control('button', 'Run again').click();
	await panel.isDrawn();
	expect(await panel.proof()).toContain('verified');
});

journey(
	'leads a newcomer from the walkthrough to the proved sample',
	async ({ editor, session }) => {
		await editor.openWalkthrough('See what your attention layers do');
		await session.shot('walkthrough');
		await editor.pressLink('Open the Sample');
		const panel = await (await editor.inspector('panel')).isDrawn();
		expect(await panel.proof()).toContain('verified');
		await editor.tab('model.py').waitFor();
	},
	{ samples: [], files: { 'notes.txt': 'A folder without a model.\n' } },
);
