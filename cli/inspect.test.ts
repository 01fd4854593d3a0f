import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../extension/onnx/byte-source.ts';
import { parseArguments, UsageError } from './arguments.ts';
import { inspect, inspectionText } from './inspect.ts';

const sample = join(import.meta.dirname, '../samples/mqar-softmax/model.onnx');

describe('inspect', () => {
	it('tells of the sample what it is, where it attends and which lines made it', async () => {
		const inspection = await inspect(sample);
		expect(inspection.model).toMatchObject({ irVersion: 8, producer: 'pytorch 1.13.0' });
		expect(inspection.model.inputs).toEqual([
			{ name: 'input_ids', dtype: 'int64', shape: ['batch', 'seq'] },
		]);
		expect(inspection.sites.map(({ id }) => id)).toEqual(['/layers.0/mixer', '/layers.1/mixer']);
		const files = inspection.codeLinks.map(({ file, target }) => `${target} ${file}`);
		const code = join(import.meta.dirname, '../samples/mqar-softmax/model.py');
		expect(new Set(files)).toEqual(new Set([`class ${code}`, `build ${code}`, `call ${code}`]));
		expect(inspectionText(inspection).split('\n')[0]).toMatch(/^\d+ nodes, 2 attention sites$/);
	});

	it('takes the code from the folder that is named', async () => {
		const folder = await mkdtemp(join(tmpdir(), 'attnscope-'));
		try {
			const model = join(folder, 'model.onnx');
			await copyFile(sample, model);
			expect((await inspect(model)).codeLinks.some(({ found }) => found)).toBe(false);
			const { codeLinks } = await inspect(
				model,
				join(import.meta.dirname, '../samples/mqar-softmax'),
			);
			const code = join(import.meta.dirname, '../samples/mqar-softmax/model.py');
			expect(new Set(codeLinks.map(({ file }) => file))).toEqual(new Set([code]));
			await expect(inspect(model, join(folder, 'nowhere'))).rejects.toThrow(/ENOENT/);
		} finally {
			await rm(folder, { recursive: true });
		}
	});

	it('refuses what is no model with a sentence', async () => {
		const folder = await mkdtemp(join(tmpdir(), 'attnscope-'));
		try {
			const path = join(folder, 'bad.onnx');
			await writeFile(path, 'this is no model');
			await expect(inspect(path)).rejects.toThrow(FormatError);
		} finally {
			await rm(folder, { recursive: true });
		}
	});
});

describe('arguments', () => {
	it('name a command, a model and options in any order', () => {
		expect(parseArguments(['inspect', '--json', 'm.onnx'])).toEqual({
			name: 'inspect',
			model: 'm.onnx',
			json: true,
		});
		expect(parseArguments(['run', 'm.onnx', '--input', 'i.json'])).toEqual({
			name: 'run',
			model: 'm.onnx',
			view: 'attention',
			input: 'i.json',
			json: false,
			fields: {},
		});
	});

	it('that are not the command’s own are settings of the view', () => {
		const args = ['run', 'm.onnx', '--view', 'v', '--pairs', '4,8', '--json', '--all', '--top-k=3'];
		expect(parseArguments(args)).toMatchObject({
			view: 'v',
			json: true,
			fields: { pairs: '4,8', all: true, topK: 3 },
		});
	});

	it.each([
		[['look', 'm.onnx']],
		[['inspect']],
		[['inspect', 'a', 'b']],
		[['inspect', 'a', '--what']],
	])('that mean nothing are refused: %j', (args) => {
		expect(() => parseArguments(args)).toThrow(UsageError);
	});
});
