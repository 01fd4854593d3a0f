import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';
import { Question } from '../pages/question.ts';

const code = 'samples/mqar-softmax/model.py';
const copy = `copy/${code}`;
const source = readFileSync(new URL(`../../../${code}`, import.meta.url));
/** `class SoftmaxAttention` in the sample's model.py. */
const attentionClass = 13;

journey(
	'asks once which of two copies of the code the model comes from',
	async ({ editor, session }) => {
		await editor.openModel('mqar-softmax/model.onnx');
		const panel = await (await editor.inspector('panel')).isDrawn();
		await panel.control('button', 'Go to code').click();
		const question = new Question(session.page);
		await question.asks(/Which file is .*model\.py\?/);
		await session.shot('which-file');
		await question.choose(/^copy/);
		await editor.cursorLine(attentionClass).waitFor();
		const pins = join(session.workspace, 'mqar-softmax/model.attnscope.json');
		const saved = JSON.parse(await readFile(pins, 'utf8')) as { paths: Record<string, string> };
		expect(Object.values(saved.paths)).toEqual([`../${copy}`]);

		await editor.closeTab('model.py');
		await editor.showTab('model.onnx');
		await panel.control('button', 'Go to code').click();
		await editor.cursorLine(attentionClass).waitFor();
	},
	{ samples: ['common', 'mqar-softmax'], files: { [copy]: source } },
);
