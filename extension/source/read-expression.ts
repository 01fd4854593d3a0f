import type { SyntaxNode } from '@lezer/common';
import type { Expression } from './python-syntax.ts';

/** What reading needs of the text that a tree was made from. */
export interface Source {
	textOf(node: SyntaxNode): string;
	/** Counting from 1. */
	lineOf(node: SyntaxNode): number;
	/** Expressions around the one being read. */
	depth: number;
	/** Notes a name that an expression gives a value: `(name := value)` and the variables of a comprehension. */
	bind(name: string, value: Expression): void;
}

/** Nobody nests a model's parts so deeply, and the stack has an end. */
const DEEPEST = 200;

/** Reads a syntax node as an expression; whatever builds no module is `other`. */
export function readExpression(node: SyntaxNode, source: Source): Expression {
	if (source.depth >= DEEPEST) return { kind: 'other', line: source.lineOf(node) };
	source.depth++;
	const read = readNode(node, source);
	source.depth--;
	return read;
}

function readNode(node: SyntaxNode, source: Source): Expression {
	const line = source.lineOf(node);
	const read = (child: SyntaxNode) => readExpression(child, source);
	switch (node.name) {
		case 'VariableName':
			return { kind: 'name', name: source.textOf(node), line };
		case 'MemberExpression':
			return readMember(node, source);
		case 'CallExpression':
			return readCall(node, source);
		case 'ParenthesizedExpression':
		case 'AwaitExpression': {
			const inner = operands(node)[0];
			return inner ? read(inner) : { kind: 'other', line };
		}
		case 'ArrayExpression':
		case 'TupleExpression':
		case 'SetExpression':
			return { kind: 'list', items: withStars(node, source), line };
		case 'ArrayComprehensionExpression':
		case 'SetComprehensionExpression':
		case 'DictionaryComprehensionExpression':
		case 'ComprehensionExpression': {
			// of `{key: value for ...}` the value is the module
			const item = operands(node)[node.name.startsWith('Dictionary') ? 1 : 0];
			bindLoops(node, source);
			return item ? { kind: 'each', item: read(item), line } : { kind: 'other', line };
		}
		case 'DictionaryExpression':
			return { kind: 'table', entries: readEntries(node, source), line };
		case 'ConditionalExpression': {
			const [yes, , no] = operands(node);
			return { kind: 'either', options: [yes, no].flatMap((n) => (n ? [read(n)] : [])), line };
		}
		case 'NamedExpression':
			return readNamed(node.firstChild, node.lastChild, source);
		case 'BinaryExpression':
			return readBinary(node, source);
		case 'String':
		case 'FormatString':
		case 'ContinuedString':
			return { kind: 'text', value: literal(source.textOf(node)), line };
		case 'LambdaExpression': {
			const body = node.lastChild;
			return body ? read(body) : { kind: 'other', line };
		}
		default:
			return { kind: 'other', line };
	}
}

const punctuation = new Set([
	'(',
	')',
	'[',
	']',
	'{',
	'}',
	',',
	':',
	'.',
	'for',
	'in',
	'if',
	'else',
	'async',
	'await',
	'Comment',
]);

/** Children that are expressions. */
export function operands(node: SyntaxNode): SyntaxNode[] {
	const found: SyntaxNode[] = [];
	for (let child = node.firstChild; child; child = child.nextSibling) {
		if (!punctuation.has(child.name)) found.push(child);
	}
	return found;
}

function readMember(node: SyntaxNode, source: Source): Expression {
	const line = source.lineOf(node);
	const object = node.firstChild;
	const property = node.getChild('PropertyName');
	if (!object) return { kind: 'other', line };
	const of = readExpression(object, source);
	// a part of a list is as good as the list
	if (!property) return node.getChild(':') ? of : { kind: 'item', of, line };
	const name = source.textOf(property);
	if (of.kind === 'name') return { kind: 'name', name: `${of.name}.${name}`, line };
	if (of.kind === 'call' && of.callee.kind === 'name' && of.callee.name === 'super')
		return { kind: 'name', name: `super().${name}`, line };
	return { kind: 'member', of, name, line };
}

function readCall(node: SyntaxNode, source: Source): Expression {
	const line = source.lineOf(node);
	const callee = node.firstChild;
	const list = node.getChild('ArgList');
	if (!callee || !list) return { kind: 'other', line };
	const called = readExpression(callee, source);
	if (called.kind === 'member' && called.of.kind === 'text' && called.name === 'format')
		return { kind: 'text', value: called.of.value.replace(/\{[^{}]*\}/g, '*'), line };
	return { kind: 'call', callee: called, ...readArguments(list, source), line };
}

/** Arguments in order, by name, and tables of them. */
export function readArguments(list: SyntaxNode, source: Source) {
	const args: Expression[] = [];
	const keywords = new Map<string, Expression>();
	const spread: Expression[] = [];
	let stars = '';
	for (let child = list.firstChild; child; child = child.nextSibling) {
		if (child.name === '*' || child.name === '**') stars = child.name;
		else if (child.name === 'VariableName' && child.nextSibling?.name === 'AssignOp') {
			const value = child.nextSibling.nextSibling;
			if (source.textOf(child.nextSibling) === ':=') args.push(readNamed(child, value, source));
			else if (value) keywords.set(source.textOf(child), readExpression(value, source));
			child = value ?? child;
		} else if (child.name === 'for') {
			// f(item for x in y): the arguments so far are one comprehension
			const item = args.pop();
			bindLoops(list, source);
			if (item) args.push({ kind: 'each', item, line: item.line });
			break;
		} else if (!punctuation.has(child.name)) {
			const value = readExpression(child, source);
			if (stars === '*') args.push({ kind: 'star', of: value, line: value.line });
			else (stars === '' ? args : spread).push(value);
			stars = '';
		}
	}
	return { args, keywords, spread };
}

/** `(name := value)` is the value. */
function readNamed(name: SyntaxNode | null, value: SyntaxNode | null, source: Source): Expression {
	if (!name || !value) return { kind: 'other', line: 0 };
	const read = readExpression(value, source);
	source.bind(source.textOf(name), read);
	return read;
}

/** The variables of `for ... in ...`, of a statement or within a comprehension: each is one of what is gone through. */
export function bindLoops(node: SyntaxNode, source: Source): void {
	let targets: SyntaxNode[] | null = null;
	for (let child = node.firstChild; child; child = child.nextSibling) {
		if (child.name === 'for') targets = [];
		else if (child.name === 'in' && targets && child.nextSibling) {
			const of = readExpression(child.nextSibling, source);
			if (of.kind !== 'other') bindEach(targets, { kind: 'item', of, line: of.line }, source);
			targets = null;
		} else targets?.push(child);
	}
}

function bindEach(targets: readonly SyntaxNode[], item: Expression, source: Source): void {
	const { line } = item;
	for (const target of targets) {
		if (target.name === 'VariableName') {
			// of pairs, a part; of a table's entries, the value
			const part: Expression = { kind: 'item', of: item, line };
			const value: Expression =
				targets.length > 1 ? { kind: 'either', options: [item, part], line } : item;
			source.bind(source.textOf(target), value);
		} else if (/Tuple|Array/.test(target.name))
			bindEach(operands(target), { kind: 'either', options: [item, { kind: 'item', of: item, line }], line }, source); // prettier-ignore
	}
}

function withStars(node: SyntaxNode, source: Source): Expression[] {
	return readArguments(node, source).args;
}

function readEntries(node: SyntaxNode, source: Source): [string, Expression][] {
	const parts = operands(node).map((child) => readExpression(child, source));
	const entries: [string, Expression][] = [];
	for (let at = 0; at + 1 < parts.length; at += 2) {
		const key = parts[at]!;
		entries.push([key.kind === 'text' ? key.value : '', parts[at + 1]!]);
	}
	return entries;
}

/** `a or B()` is either; `[Block()] * n` repeats; texts and lists are joined by `+`. */
function readBinary(node: SyntaxNode, source: Source): Expression {
	const line = source.lineOf(node);
	const [left, operator, right] = [node.firstChild, node.firstChild?.nextSibling, node.lastChild];
	if (!left || !right || !operator) return { kind: 'other', line };
	const [a, b] = [readExpression(left, source), readExpression(right, source)];
	const sign = source.textOf(operator);
	if (sign === '*' && (a.kind === 'list' || b.kind === 'list')) return repeated([a, b], line);
	if (sign === '%' && a.kind === 'text')
		return { kind: 'text', value: a.value.replace(/%[-\d.]*[a-z]/g, '*'), line };
	if (sign === '+' && (a.kind === 'text' || b.kind === 'text'))
		return { kind: 'text', value: [a, b].map((part) => keyOf(part)).join(''), line };
	if (sign === '+' && [a, b].some(({ kind }) => kind === 'list' || kind === 'each'))
		return { kind: 'list', items: [a, b].flatMap(itemsOf), line };
	return { kind: 'either', options: [a, b], line };
}

/** What a text says; `*` for what only running would tell. */
export const keyOf = (expression: Expression | undefined): string =>
	expression?.kind === 'text' ? expression.value : '*';

function itemsOf(part: Expression): readonly Expression[] {
	if (part.kind === 'list') return part.items;
	return part.kind === 'each' ? [part] : [{ kind: 'star', of: part, line: part.line }];
}

function repeated(parts: readonly Expression[], line: number): Expression {
	const options = parts.flatMap((part) => (part.kind === 'list' ? part.items : []));
	const [only] = options;
	if (!only) return { kind: 'other', line };
	const item: Expression =
		options.length === 1 ? only : { kind: 'either', options, line: only.line };
	return { kind: 'each', item, line };
}

/** The text between the quotes; a replacement of an f-string becomes `*`. */
function literal(text: string): string {
	const bare = text.replace(/^[a-zA-Z]*("""|'''|"|')/, '').replace(/("""|'''|"|')$/, '');
	return /^[a-zA-Z]*[fF]/.test(text) ? bare.replace(/\{[^{}]*\}/g, '*') : bare;
}
