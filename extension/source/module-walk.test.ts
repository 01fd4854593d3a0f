import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { linksOf, marked, namedNode, placeOf, python } from '../../test/models/named-model.ts';
import type { PythonFile } from './python-file.ts';

const projections = `
    def __init__(self, d):
        super().__init__()
        self.query = nn.Linear(d, d)
        self.key = nn.Linear(d, d)
        self.value = nn.Linear(d, d)
`;
const pieces: Readonly<Record<string, string>> = {
	attention: `class Attention(nn.Module): #class${projections}
    def forward(self, x):
        w = (self.query(x) @ self.key(x).mT).softmax(-1) #call
        return w @ self.value(x)
`,
	decoy: `class Other(nn.Module):${projections}
    def forward(self, x):
        return torch.softmax(x, -1)
`,
};
const head = 'import torch\nimport torch.nn as nn\n';

/** Ways in which people put modules together, in sections `=== what it is: module path`. */
const idioms = readFileSync(new URL('../../test/models/module-idioms.txt', import.meta.url), 'utf8')
	.split(/^=== /m)
	.slice(1)
	.map((section) => {
		const [title = '', ...lines] = section.trimEnd().split('\n');
		const [, of = '', path = ''] = /^(.*): (\/.*)$/.exec(title) ?? [];
		return { of, path, files: python(filesOf(lines.join('\n'))) };
	});

/** Files are headed by `--- name`; what has no head is the body of `Net.__init__`. */
function filesOf(text: string): Record<string, string> {
	const [first = '', ...parts] = text.split(/^--- /m);
	const files = parts.map((part) => {
		const end = part.indexOf('\n');
		return [part.slice(0, end), withPieces(part.slice(end + 1))] as const;
	});
	const init = files.find(([name]) => name === 'init')?.[1] ?? first;
	const before = init === first ? '' : first;
	if (!files.some(([name]) => name !== 'init')) return { 'm.py': netOf(before, init) };
	return Object.fromEntries(files.map(([name, code]) => [name, head + code]));
}

function netOf(before: string, init: string): string {
	return `${head}
${pieces['decoy']!}
${pieces['attention']!}
${before}
class Net(nn.Module):
    def __init__(self, config, d=8, n=4, kind='soft'):
        super(Net, self).__init__()
${init.replace(/^(?=.)/gm, '        ')}
`;
}

function withPieces(text: string): string {
	return text.replace(
		/^( *)%(\w+)(?: named (\w+))?$/gm,
		(_, indent: string, piece: string, name?: string) =>
			(pieces[piece] ?? '').replace('Other', name ?? 'Other').replace(/^(?=.)/gm, indent),
	);
}

const placesOf = (path: string, files: readonly PythonFile[]) => {
	const nodes = ['Softmax', 'query/MatMul', 'key/MatMul', 'value/MatMul'].map((op) =>
		namedNode(`${path}/${op}`),
	);
	const links = linksOf(nodes, { path }, files);
	return {
		class: placeOf(links, 'class'),
		build: placeOf(links, 'build'),
		call: placeOf(links, 'call'),
		how: [...new Set(links.map(({ how }) => how))],
	};
};

const expectedIn = (files: readonly PythonFile[]) => ({
	class: marked(files, 'class')[0],
	build: marked(files, 'build')[0],
	call: marked(files, 'call')[0],
	how: ['module-path'],
});

describe('a module path is walked through', () => {
	it.each(idioms.map((idiom) => [idiom.of, idiom] as const))('%s', (_of, { path, files }) => {
		expect(placesOf(path, files)).toEqual(expectedIn(files));
	});

	it('code with tabs and Windows line ends', () => {
		const { path, files } = idioms[0]!;
		const rewritten = files.map(({ uri, text }) => ({
			uri,
			text: text.replace(/ {4}/g, '\t').replace(/\n/g, '\r\n'),
		}));
		expect(placesOf(path, rewritten)).toEqual(expectedIn(files));
	});
});
