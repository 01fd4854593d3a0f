import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { journey } from '../harness/journey.ts';

const cut = new Uint8Array([0x08, 0x08, 0x3a, 0xff, 0x7f, 0x0a]);

journey(
	'says what is wrong with a broken file, and where, and goes on',
	async ({ editor }) => {
		await editor.openModel('broken.onnx');
		const panel = await editor.inspector('panel');
		expect(await panel.failure()).toMatch(/byte \d/);
		await editor.closeTab('broken.onnx');
		await editor.openModel('mqar-softmax/model.onnx');
		const good = await (await editor.inspector('panel')).isDrawn();
		expect(await good.proof()).toContain('verified');
	},
	{ files: { 'broken.onnx': cut } },
);

const zoo = (name: string) => readFileSync(new URL(`../../models/zoo/${name}`, import.meta.url));

journey(
	'lists what it found in a model that no runtime takes, and finds out on how many tokens another one runs',
	async ({ editor, session }) => {
		await editor.openModel('decoder.onnx');
		const panel = await editor.inspector('panel');
		expect(await panel.failure()).toContain('no kernel for the operator DecoderAttention');
		expect(await panel.sites()).toContain('layer 0 · softmax · DecoderAttention · 4 heads × 4');
		await session.shot('sites-of-a-model-that-does-not-run');
		await editor.closeTab('decoder.onnx');
		// its mask has 24 rows, and 32 tokens are what is assumed
		await editor.openModel('short.onnx');
		const short = await (await editor.inspector('panel')).isDrawn();
		expect(await short.proof()).toContain('verified');
		expect(await short.backend()).toContain('WebGPU');
		expect(await short.inputNote()).toMatch(/does not run on .* = 32, .*so .* = 24, .* was taken/);
	},
	{
		files: { 'decoder.onnx': zoo('fused-decoder.onnx'), 'short.onnx': zoo('gpt2-with-past.onnx') },
	},
);
