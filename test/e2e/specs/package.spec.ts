import { readFileSync, readdirSync } from 'node:fs';
import { unzipSync } from 'fflate';
import { expect, inject, it } from 'vitest';

const megabyte = 1e6;

/** Every file of the packed extension; `media` and translations come and go as folders. */
const expected = [
	'changelog.md',
	'dist/extension.cjs',
	'dist/jpeg-js.cjs',
	'dist/lezer-python.cjs',
	'dist/ort/ort-wasm-simd-threaded.asyncify.wasm',
	'dist/tokenizers.cjs',
	'dist/webview.css',
	'dist/webview.js',
	'dist/worker.js',
	'LICENSE.txt',
	'package.json',
	'package.nls.json',
	'readme.md',
	'samples/mqar-softmax/model.onnx',
	'samples/mqar-softmax/model.py',
	'samples/mqar-softmax/prompt.json',
	...listed('extension/media'),
	...listed('extension/l10n').filter((path) => path.endsWith('.json')),
	...listed('samples/common').filter((path) => path.endsWith('.py')),
];

function listed(folder: string): string[] {
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map(({ parentPath, name }) => `${parentPath}/${name}`);
}

it('packs exactly these files, and in less than 12 MB', () => {
	const vsix = readFileSync(inject('vsix'));
	const packed = Object.keys(unzipSync(vsix, { filter: () => true }))
		.filter((path) => path.startsWith('extension/'))
		.map((path) => path.slice('extension/'.length));
	expect(packed.sort()).toEqual(expected.sort());
	expect(vsix.length / megabyte).toBeLessThan(12);
});
