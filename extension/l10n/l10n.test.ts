import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, it } from 'vitest';

const bundle = JSON.parse(readFileSync('extension/l10n/bundle.l10n.json', 'utf8')) as Record<
	string,
	string
>;

/** The literals handed to `l10n.t` and to the `say` that stands for it in pages and files without `vscode`. */
function sentencesOf(file: string): string[] {
	const source = ts.createSourceFile(
		file,
		readFileSync(file, 'utf8'),
		ts.ScriptTarget.Latest,
		true,
	);
	const found: string[] = [];
	const visit = (node: ts.Node): void => {
		if (ts.isCallExpression(node) && /(^say|\bl10n\.t)$/.test(node.expression.getText())) {
			const [message] = node.arguments;
			if (!message || !ts.isStringLiteralLike(message))
				throw new Error(`${file}: a sentence to translate must be a literal: ${node.getText()}`);
			found.push(message.text);
		}
		ts.forEachChild(node, visit);
	};
	visit(source);
	return found;
}

const files = ['extension', 'webview/app'].flatMap((folder) =>
	readdirSync(folder, { recursive: true, encoding: 'utf8' })
		.filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
		.map((path) => `${folder}/${path}`),
);
const said = [...new Set(files.flatMap(sentencesOf))].sort();

it('hands translators every sentence that is said, and no other', () => {
	expect(Object.keys(bundle).sort()).toEqual(said);
});

it('says in English what it is asked to say', () => {
	expect(Object.entries(bundle).filter(([key, sentence]) => key !== sentence)).toEqual([]);
});
