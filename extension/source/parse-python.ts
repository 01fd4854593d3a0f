import type { Tree } from '@lezer/common';
import { parser } from '@lezer/python';
import type { PythonFile } from './python-file.ts';
import type { PythonClass, PythonFunction, PythonModule } from './python-syntax.ts';
import type { readExpression } from './read-expression.ts';
import { blocksOf, newlinesIn, type Block } from './split-blocks.ts';
import { addClass, decoratorsOf, emptyDraft, SyntaxReader, type Draft } from './syntax-reader.ts';

interface Parsed {
	readonly text: string;
	readonly module: PythonModule;
	/** By the text of the block: an edit leaves most of them as they are. */
	readonly trees: Map<string, Tree>;
}

const cached = new Map<string, Parsed>();
const MOST_CACHED = 4000;

/**
 * The classes, functions and names of a Python text. Nothing is run; what does not parse is passed over. The insides of a
 * class or function are read when they are asked for.
 */
export function parsePython(file: PythonFile): PythonModule {
	const known = cached.get(file.uri);
	if (known && known.text === file.text) return known.module;
	const trees = new Map<string, Tree>();
	const treeOf = (text: string) => {
		const tree = trees.get(text) ?? known?.trees.get(text) ?? parser.parse(text);
		trees.set(text, tree);
		return tree;
	};
	const draft = emptyDraft();
	for (const block of blocksOf(pythonOf(file))) addBlock(block, draft, treeOf);
	const everyClass = [...draft.everyClass.values()];
	const lines = file.text.split('\n');
	const module: PythonModule = { ...draft, everyClass, uri: file.uri, lines };
	if (cached.size >= MOST_CACHED) cached.clear();
	cached.set(file.uri, { text: file.text, module, trees });
	return module;
}

/** Magics and shell escapes of notebooks are no Python; nor is the mark that some editors begin a file with. */
function pythonOf({ notebook, text }: PythonFile): string {
	const own = text.replace(/^\uFEFF/, '');
	return notebook ? own.replace(/^[ \t]*[%!].*$/gm, (line) => ' '.repeat(line.length)) : own;
}

/** Names that a block makes known beyond itself are read at once, the rest when it is asked for. */
function addBlock(block: Block, around: Draft, treeOf: (text: string) => Tree): void {
	let read: Draft | undefined;
	const whole = () => (read ??= new SyntaxReader(block.text, block.line).read(treeOf(block.text)));
	const { defines } = block;
	if (!defines || /^[ \t]+(?:class|from|import)\b/m.test(block.text)) addAll(whole(), around);
	if (defines?.kind === 'class') {
		const found = new LazyClass(block, defines.name, whole);
		around.classes.set(defines.name, found);
		addClass(found, around);
	} else if (defines)
		around.functions.set(defines.name, new LazyFunction(block, defines.name, whole));
}

function addAll(read: Draft, around: Draft): void {
	around.assignments.push(...read.assignments);
	around.effects.push(...read.effects);
	around.starImports.push(...read.starImports);
	const inner = new Set(read.localImports.map(({ found }) => found));
	const own = new Set(around.localImports.map(({ found }) => found));
	for (const [name, found] of read.imports) {
		const before = around.imports.get(name);
		if (!inner.has(found) || !before || own.has(before)) around.imports.set(name, found);
	}
	around.localImports.push(...read.localImports);
	for (const [name, found] of read.functions) around.functions.set(name, found);
	for (const found of read.everyClass.values()) addClass(found, around);
	for (const [name, found] of read.classes)
		if (!found.within || around.classes.get(name)?.within !== null) around.classes.set(name, found);
}

/** What a class and a function of a module have in common: where they stand, told without reading their insides. */
class LazyDefinition {
	readonly line: number;
	readonly endLine: number;
	readonly text: string;

	constructor(
		block: Block,
		readonly name: string,
	) {
		this.line = block.line + (block.defines?.line ?? 0);
		this.text = block.text;
		// comments at the margin belong to what comes next
		const own = block.text.replace(/(?:\r?\n(?:#.*|[ \t]*))+$/, '');
		this.endLine = block.line + newlinesIn(own);
	}
}

const simpleHeader = /^class[ \t]+[\p{L}\p{N}_]+[ \t]*(?:\(([\w.,\s]*)\))?[ \t]*:/mu;

class LazyClass extends LazyDefinition implements PythonClass {
	readonly path: readonly string[];
	readonly within = null;
	private known: PythonClass['bases'] | undefined;

	constructor(
		block: Block,
		name: string,
		private readonly whole: () => Draft,
	) {
		super(block, name);
		this.path = [name];
	}

	get bases() {
		const header = simpleHeader.exec(this.text);
		return (this.known ??= header
			? (header[1] ?? '')
					.split(',')
					.map((base) => base.trim())
					.filter((base) => base !== '')
					.map((base) => ({ kind: 'name', name: base, line: this.line }))
			: (this.own?.bases ?? []));
	}

	get decorators() {
		return decoratorsOf(this.text);
	}

	get assignments() {
		return this.own?.assignments ?? [];
	}

	get methods() {
		return this.own?.methods ?? new Map<string, PythonFunction>();
	}

	private get own() {
		return this.whole().classes.get(this.name);
	}
}

class LazyFunction extends LazyDefinition implements PythonFunction {
	constructor(
		block: Block,
		name: string,
		private readonly whole: () => Draft,
	) {
		super(block, name);
	}

	get parameters() {
		return this.own?.parameters ?? [];
	}

	get rest() {
		return this.own?.rest ?? '';
	}

	get scopes() {
		return this.own?.scopes ?? [];
	}

	get annotations() {
		return this.own?.annotations ?? new Map<string, string>();
	}

	get defaults() {
		return this.own?.defaults ?? new Map<string, ReturnType<typeof readExpression>>();
	}

	get assignments() {
		return this.own?.assignments ?? [];
	}

	get effects() {
		return this.own?.effects ?? [];
	}

	get returns() {
		return this.own?.returns ?? [];
	}

	get functions() {
		return this.own?.functions ?? new Map<string, PythonFunction>();
	}

	private get own() {
		return this.whole().functions.get(this.name);
	}
}
