import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';

const sample = (file: string) =>
	readFileSync(new URL(`../../../samples/mqar-softmax/${file}`, import.meta.url));

/** The sample's classes, each in a cell of its own, as a person would write them in a notebook. */
function notebook(): string {
	const [head, ...classes] = sample('model.py')
		.toString()
		.split(/^(?=class )/m);
	const cells = [head!, ...classes].map((source) => ({
		...{ cell_type: 'code', execution_count: null, metadata: {}, outputs: [] },
		source: source.trim(),
	}));
	const metadata = { language_info: { name: 'python' } };
	return JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 });
}

journey(
	'goes from the picture to the cell of a notebook that made it, and shows the numbers there',
	async ({ editor, session }) => {
		await editor.openModel('models/model-plain.onnx');
		const panel = await (await editor.inspector('panel')).isDrawn();
		await editor.openFile('models/attention.ipynb');
		await editor
			.codeLens(/^layer 1 · 2 heads · entropy .* · verified/)
			.first()
			.waitFor();
		await session.shot('notebook');
		await editor.showTab('model-plain.onnx');
		await panel.control('button', 'Go to code').click();
		await editor.cellInFront(2).waitFor();
		expect(await editor.cellAtCursor()).toMatch(/class\sSoftmaxAttention/);
	},
	{
		samples: ['common'],
		files: {
			'models/attention.ipynb': notebook(),
			'models/model-plain.onnx': sample('model-plain.onnx'),
			'models/prompt.json': sample('prompt.json'),
		},
	},
);
