import type { SyntaxNode, Tree } from '@lezer/common';
import type {
	Around,
	Assignment,
	Expression,
	Import,
	LocalImport,
	NameScope,
	PythonClass,
	PythonFunction,
} from './python-syntax.ts';
import {
	bindLoops,
	keyOf,
	operands,
	readArguments,
	readExpression,
	type Source,
} from './read-expression.ts';

/** What a body defines. */
export interface Draft {
	readonly assignments: Assignment[];
	readonly returns: Expression[];
	readonly effects: Expression[];
	readonly functions: Map<string, PythonFunction>;
	readonly classes: Map<string, PythonClass>;
	/** By place and name. */
	readonly everyClass: Map<string, PythonClass>;
	readonly imports: Map<string, Import>;
	readonly localImports: LocalImport[];
	readonly starImports: Import[];
	readonly scopes: NameScope[];
}

export const emptyDraft = (): Draft => ({
	assignments: [],
	returns: [],
	effects: [],
	functions: new Map(),
	classes: new Map(),
	everyClass: new Map(),
	imports: new Map(),
	localImports: [],
	starImports: [],
	scopes: [],
});

/** Notes a class by its place; there the last one of a name is the one that counts. */
export function addClass(found: PythonClass, draft: Draft): void {
	draft.everyClass.set(`${found.within?.line ?? 0} ${found.name}`, found);
}

/** Reads the syntax tree of a text, or of a part of one that begins on a line of its own. */
export class SyntaxReader implements Source {
	private readonly starts: number[] = [0];
	/** Classes and functions around what is read, outermost first. */
	private readonly around: (Around & { readonly name: string })[] = [];
	/** Of the body that is being read. */
	private draft = emptyDraft();
	depth = 0;

	/** @param firstLine of the text, counting from 1 */
	constructor(
		private readonly text: string,
		private readonly firstLine: number,
	) {
		for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
			this.starts.push(at + 1);
		}
	}

	textOf(node: SyntaxNode): string {
		return this.text.slice(node.from, node.to);
	}

	lineOf(node: SyntaxNode): number {
		return this.lineAt(node.from);
	}

	bind(name: string, value: Expression): void {
		this.assign(this.draft, name, value, value.line);
	}

	read(tree: Tree): Draft {
		return this.readBody(tree.topNode);
	}

	private lineAt(offset: number): number {
		let low = 0;
		let high = this.starts.length - 1;
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			if (this.starts[middle]! <= offset) low = middle;
			else high = middle - 1;
		}
		return low + this.firstLine;
	}

	private readBody(body: SyntaxNode): Draft {
		const outer = this.draft;
		const draft = (this.draft = emptyDraft());
		this.readStatements(body, draft);
		this.draft = outer;
		return draft;
	}

	/** The body of a class or function. */
	private readInside(kind: Around['kind'], name: string, node: SyntaxNode, body: SyntaxNode) {
		this.around.push({ kind, name, line: this.lineOf(node), endLine: this.endOf(node) });
		const draft = this.readBody(body);
		this.around.pop();
		return draft;
	}

	private endOf(node: SyntaxNode): number {
		return this.lineAt(Math.max(node.from, node.to - 1));
	}

	private readStatements(body: SyntaxNode, draft: Draft): void {
		for (let node = body.firstChild; node; node = node.nextSibling) this.readStatement(node, draft);
	}

	private readStatement(node: SyntaxNode, draft: Draft): void {
		switch (node.name) {
			case 'ClassDefinition': {
				const read = this.readClass(node, draft);
				if (!read) return;
				draft.classes.set(read.name, read);
				addClass(read, draft);
				return;
			}
			case 'FunctionDefinition': {
				const read = this.readFunction(node, draft);
				if (read) draft.functions.set(read.name, read);
				return;
			}
			case 'ImportStatement':
				this.readImport(node, draft);
				return;
			case 'AssignStatement':
				this.readAssignment(node, draft);
				return;
			case 'UpdateStatement':
				this.readUpdate(node, draft);
				return;
			case 'ReturnStatement': {
				const value = node.firstChild?.nextSibling;
				if (value) draft.returns.push(readExpression(value, this));
				return;
			}
			case 'ExpressionStatement':
				this.readEffect(node, draft);
				return;
			case 'ForStatement':
				bindLoops(node, this);
				this.readStatements(node, draft);
				return;
			case 'IfStatement':
			case 'WhileStatement':
				this.readConditions(node);
				this.readStatements(node, draft);
				return;
			case 'WithStatement':
				this.readScopes(node, draft);
				this.readStatements(node, draft);
				return;
			case 'DecoratedStatement':
			case 'TryStatement':
			case 'StatementGroup':
			case 'MatchStatement':
			case 'MatchBody':
			case 'MatchClause':
			case 'Body':
				this.readStatements(node, draft);
				return;
			default:
				return;
		}
	}

	/** `if (name := value):` gives a name a value. */
	private readConditions(node: SyntaxNode): void {
		for (let child = node.firstChild; child; child = child.nextSibling)
			if (child.name !== 'Body' && this.textOf(child).includes(':=')) readExpression(child, this);
	}

	/** `with tf.variable_scope(name, default_name=other):` names what is made in it. */
	private readScopes(node: SyntaxNode, draft: Draft): void {
		for (const call of node.getChildren('CallExpression')) {
			const read = readExpression(call, this);
			if (read.kind !== 'call' || read.callee.kind !== 'name') continue;
			if (!/(variable_scope|name_scope|named_scope)$/.test(read.callee.name)) continue;
			const names = [...read.args.slice(0, 1), ...['name', 'name_or_scope', 'default_name'].flatMap((key) => read.keywords.get(key) ?? [])]; // prettier-ignore
			const [only] = names;
			if (!only) continue;
			const { line } = read;
			const name: Expression = names.length === 1 ? only : { kind: 'either', options: names, line };
			draft.scopes.push({ name, line, endLine: this.endOf(node) });
		}
	}

	private readClass(node: SyntaxNode, around: Draft): PythonClass | null {
		const name = node.getChild('VariableName');
		const body = node.getChild('Body');
		if (!name || !body) return null;
		const list = node.getChild('ArgList');
		const own = this.textOf(name);
		const draft = this.readInside('class', own, node, body);
		handUp(draft, around);
		return {
			name: own,
			path: [...this.around.map((outer) => outer.name), own],
			within: this.around.at(-1) ?? null,
			line: this.lineOf(node),
			endLine: this.endOf(node),
			text: this.textOf(node),
			bases: list ? readArguments(list, this).args : [],
			decorators:
				node.parent?.name === 'DecoratedStatement' ? decoratorsOf(this.textOf(node.parent)) : [],
			assignments: draft.assignments,
			methods: draft.functions,
		};
	}

	private readFunction(node: SyntaxNode, around: Draft): PythonFunction | null {
		const name = node.getChild('VariableName');
		const body = node.getChild('Body');
		const list = node.getChild('ParamList');
		if (!name || !body) return null;
		const own = this.textOf(name);
		const draft = this.readInside('function', own, node, body);
		handUp(draft, around);
		return {
			name: own,
			line: this.lineOf(node),
			endLine: this.endOf(node),
			text: this.textOf(node),
			parameters: list ? this.readParameters(list) : [],
			rest: list ? restOf(this.textOf(list)) : '',
			annotations: list ? this.readAnnotations(list) : new Map(),
			defaults: list ? this.readDefaults(list) : new Map(),
			assignments: draft.assignments,
			effects: draft.effects,
			returns: draft.returns,
			functions: draft.functions,
			scopes: draft.scopes,
		};
	}

	private readParameters(list: SyntaxNode): string[] {
		return list
			.getChildren('VariableName')
			.filter((node) => !/^(AssignOp|\*\*?)$/.test(node.prevSibling?.name ?? ''))
			.map((node) => this.textOf(node));
	}

	private readAnnotations(list: SyntaxNode): Map<string, string> {
		const annotations = new Map<string, string>();
		for (const type of list.getChildren('TypeDef')) {
			const name = /^:\s*["']?([\w.]+)["']?$/.exec(this.textOf(type))?.[1];
			const parameter = type.prevSibling;
			if (name !== undefined && parameter) annotations.set(this.textOf(parameter), name);
		}
		return annotations;
	}

	private readDefaults(list: SyntaxNode): Map<string, Expression> {
		const defaults = new Map<string, Expression>();
		for (const operator of list.getChildren('AssignOp')) {
			let name = operator.prevSibling;
			if (name?.name === 'TypeDef') name = name.prevSibling;
			const value = operator.nextSibling;
			if (name && value) defaults.set(this.textOf(name), readExpression(value, this));
		}
		return defaults;
	}

	/** `a = b = value`, `a, b = x, y` and `a: T = value`. */
	private readAssignment(node: SyntaxNode, draft: Draft): void {
		const groups: SyntaxNode[][] = [[]];
		for (let child = node.firstChild; child; child = child.nextSibling) {
			if (child.name === 'AssignOp') groups.push([]);
			else if (child.name !== 'TypeDef' && child.name !== ',') groups.at(-1)!.push(child);
		}
		const values = groups.pop() ?? [];
		for (const targets of groups) {
			const flat = targets.flatMap((t) => (/Tuple|Array/.test(t.name) ? operands(t) : [t]));
			const right = values.length === 1 && flat.length > 1 ? tupleItems(values[0]!) : values;
			flat.forEach((target, at) => {
				const value = flat.length === right.length ? right[at] : right[0];
				if (!value) return;
				this.assign(draft, this.readTarget(target), readExpression(value, this), this.lineOf(node));
			});
		}
	}

	/** `a += [value]`. */
	private readUpdate(node: SyntaxNode, draft: Draft): void {
		const [target, value] = [node.firstChild, node.lastChild];
		if (!target || !value || target === value) return;
		const of = readExpression(value, this);
		this.assign(draft, this.readTarget(target), { kind: 'star', of, line: of.line }, of.line, true);
	}

	/** `a.b`, and `a.b` for `a['b']`. */
	private readTarget(node: SyntaxNode): string {
		if (node.name !== 'MemberExpression' || node.getChild('PropertyName') || !node.firstChild)
			return this.textOf(node);
		const index = operands(node)[1];
		const key =
			index?.name === 'Number' ? this.textOf(index) : index && keyOf(readExpression(index, this));
		return `${this.readTarget(node.firstChild)}.${key ?? '*'}`.replace('._modules.', '.');
	}

	private assign(
		draft: Draft,
		target: string,
		value: Assignment['value'],
		line: number,
		appends = false,
	) {
		const pattern = target.includes('*');
		draft.assignments.push({ target, value, line, appends, pattern });
	}

	/** Calls that add a module or tensor: `append`, `extend`, `insert`, `add_module`, `register_module` and its like, `setattr`. */
	private readEffect(node: SyntaxNode, draft: Draft): void {
		const call = node.getChild('CallExpression');
		if (!call) return;
		const read = readExpression(call, this);
		if (read.kind !== 'call') return;
		draft.effects.push(read);
		if (read.callee.kind !== 'name') return;
		const [object, method] = splitLast(read.callee.name);
		const [first, second, third] = read.args;
		const { line } = read;
		if (method === 'append' && first) this.assign(draft, object, first, line, true);
		else if (method === 'insert' && second) this.assign(draft, object, second, line, true);
		else if (method === 'extend' && first) {
			this.assign(draft, object, { kind: 'star', of: first, line }, line, true);
		} else if (method === 'update') {
			const entries = first?.kind === 'table' ? first.entries : [...read.keywords];
			for (const [key, value] of entries) this.assign(draft, `${object}.${key}`, value, line);
		} else if (/^(add_module|register_(module|buffer|parameter))$/.test(method) && second) {
			this.assign(draft, `${object}.${keyOf(first)}`, second, line);
		} else if (/^(setattr|.*\.__setattr__)$/.test(read.callee.name)) {
			// `super().__setattr__('name', module)` leaves out whose attribute it is
			const [of, name, value] = third ? [first, second, third] : [null, first, second];
			if (value && of?.kind !== 'other')
				this.assign(draft, `${of?.kind === 'name' ? of.name : 'self'}.${keyOf(name)}`, value, line);
		}
	}

	private readImport(node: SyntaxNode, draft: Draft): void {
		const text = this.textOf(node).replace(/\\\n/g, ' ').replace(/#.*$/gm, '');
		const from = /^from\s+(\.*)\s*([\w.]*)\s+import\s+([\s\S]+)$/.exec(text);
		if (from) {
			const [, dots = '', module = '', names = ''] = from;
			const level = dots.length;
			for (const item of names.replace(/[()]/g, '').split(',')) {
				const [name = '', local = name] = item.trim().split(/\s+as\s+/);
				if (name === '*') draft.starImports.push({ module, name: null, level });
				else if (name !== '') this.addImport(draft, local, { module, name, level });
			}
			return;
		}
		for (const item of text.replace(/^import\s+/, '').split(',')) {
			const [module = '', local] = item.trim().split(/\s+as\s+/);
			if (module === '') continue;
			this.addImport(draft, local ?? module, { module, name: null, level: 0 });
		}
	}

	private addImport(draft: Draft, local: string, imported: Import): void {
		const found = { ...imported, before: draft.imports.get(local) };
		draft.imports.set(local, found);
		const within = this.around.at(-1);
		if (within) draft.localImports.push({ local, found, within });
	}
}

/** What a body defines may be asked for from outside of it too. */
function handUp(inner: Draft, around: Draft): void {
	for (const [name, found] of inner.classes)
		if (!around.classes.has(name)) around.classes.set(name, found);
	for (const [name, found] of inner.imports)
		if (!around.imports.has(name)) around.imports.set(name, found);
	for (const found of inner.everyClass.values()) addClass(found, around);
	around.localImports.push(...inner.localImports);
	around.starImports.push(...inner.starImports);
}

const restOf = (parameters: string) => /\*\*\s*(\w+)/.exec(parameters)?.[1] ?? '';

/** Names of the decorators that a definition's text begins with. */
export const decoratorsOf = (text: string): string[] =>
	/^[ \t]*@/.test(text)
		? [...text.replace(/^[ \t]*(?:async[ \t]+)?(?:class|def)[ \t][\s\S]*/m, '').matchAll(/^[ \t]*@([\w.]+)/gm)].map((match) => match[1]!) // prettier-ignore
		: [];

function tupleItems(node: SyntaxNode): SyntaxNode[] {
	return /Tuple|Array/.test(node.name) ? operands(node) : [node];
}

function splitLast(name: string): [string, string] {
	const at = name.lastIndexOf('.');
	return at < 0 ? ['', name] : [name.slice(0, at), name.slice(at + 1)];
}
