import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesUnder, foldersIn, shippedFolders } from './repository.ts';

const written = [...shippedFolders, 'test', 'scripts', 'samples', 'docs']
	.filter((folder) => existsSync(folder))
	.flatMap(filesUnder)
	.filter((path) => /\.(ts|mjs|js|wgsl|py|css|md)$/.test(path));
const code = written.filter((path) => /\.(ts|mjs|js|wgsl|css)$/.test(path));

describe('files', () => {
	it('have at most 500 lines', () => {
		const long = written
			.map((path) => ({ path, lines: readFileSync(path, 'utf8').split('\n').length - 1 }))
			.filter(({ lines }) => lines > 500);
		expect(long).toEqual([]);
	});

	it('are named in kebab-case, after what they hold', () => {
		const vague = /^(index|utils?|helpers?|misc|manager)$/;
		const wrong = code.filter((path) => {
			const stem = basename(path).replace(/(\.(test|gpu|spec|bench|config|d))*\.\w+$/, '');
			return !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem) || vague.test(stem);
		});
		expect(wrong).toEqual([]);
	});

	it('leave nothing for later', () => {
		const marker = new RegExp(['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|'));
		expect(written.filter((path) => marker.test(readFileSync(path, 'utf8')))).toEqual([]);
	});
});

describe('folders', () => {
	it.each(['webview/views', 'kernels'])('of %s explain themselves', (parent) => {
		const silent = foldersIn(parent).filter(
			(folder) => folder !== 'common' && !existsSync(`${parent}/${folder}/README.md`),
		);
		expect(silent).toEqual([]);
	});

	it.each(['kernels'])('of %s are entered by the file that bears their name', (parent) => {
		const closed = foldersIn(parent).filter(
			(folder) => folder !== 'common' && !existsSync(`${parent}/${folder}/${folder}.ts`),
		);
		expect(closed).toEqual([]);
	});
});
