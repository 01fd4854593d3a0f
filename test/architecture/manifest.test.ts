import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesUnder } from './repository.ts';

interface Manifest {
	readonly contributes: {
		readonly commands: readonly { command: string; title: string; category?: string }[];
		readonly configuration: {
			readonly properties: Readonly<
				Record<string, { description?: string; markdownDescription?: string }>
			>;
		};
	};
}

const text = readFileSync('package.json', 'utf8');
const { contributes } = JSON.parse(text) as Manifest;
const strings = (
	existsSync('package.nls.json') ? JSON.parse(readFileSync('package.nls.json', 'utf8')) : {}
) as Record<string, string>;

/** `attnscope.openModel` stands in `open-model.ts`. */
const fileOf = (command: string) =>
	command.replace(/^attnscope\./, '').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** What the commands share: their type, their list, and how they find the model, the site and the code they are about. */
const shared = new Set(['command', 'commands', 'find-target', 'pick-site', 'settle-path']);

const contributed = contributes.commands.map(({ command }) => command);

describe('package.json', () => {
	it('has a file for each command', () => {
		expect(contributed.filter((id) => !existsSync(`extension/commands/${fileOf(id)}.ts`))).toEqual(
			[],
		);
	});

	it('has a command for each file', () => {
		const files = filesUnder('extension/commands')
			.map((path) => basename(path, '.ts'))
			.filter((name) => !shared.has(name) && !name.endsWith('.test'));
		const known = new Set(contributed.map(fileOf));
		expect(files.filter((name) => !known.has(name))).toEqual([]);
	});

	it('names the product with each command, so that the palette finds them all by it', () => {
		expect(contributes.commands.filter(({ category }) => category !== 'Attnscope')).toEqual([]);
	});

	it('describes each setting', () => {
		const bare = Object.entries(contributes.configuration.properties).filter(
			([, { description, markdownDescription }]) => !(description ?? markdownDescription),
		);
		expect(bare.map(([name]) => name)).toEqual([]);
	});

	it('shows translatable strings that exist, and all of them', () => {
		const used = [...text.matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key!);
		expect([...new Set(used)].sort()).toEqual(Object.keys(strings).sort());
	});
});
