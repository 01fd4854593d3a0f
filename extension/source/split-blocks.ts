/** A stretch of a Python text that stands for itself: one class or function of the module, or what lies between two. */
export interface Block {
	readonly text: string;
	/** Of its first character, counting from 1. */
	readonly line: number;
	/** The class or function it defines, and on which of its lines that stands. */
	readonly defines: {
		readonly kind: 'class' | 'def';
		readonly name: string;
		readonly line: number;
	} | null;
}

const token = /"""|'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|#[^\n]*|[([{]|[)\]}]|\\\r?\n|\n/gs;
const closing = { '"""': /\\.|"""/gs, "'''": /\\.|'''/gs } as const;
const definition = /^(class|(?:async[ \t]+)?def)[ \t]+([\p{L}_][\p{L}\p{N}_]*)/mu;
const opensDefinition = /(?:class|def|async[ \t]+def)[ \t]|@/y;
/** What begins so at the margin is no inside of a bracket that was left open. */
const opensStatement = /(?:class|def|async|from|import|if|for|while|try|with|return)[ \t]|@/y;

/** Splits a text where lines at its margin begin classes and functions, so that each can be read when it is asked for. */
export function blocksOf(text: string): Block[] {
	const starts = startsOf(text);
	const blocks: Block[] = [];
	let line = 1;
	starts.forEach((from, at) => {
		const part = text.slice(from, starts[at + 1] ?? text.length);
		blocks.push({ text: part, line, defines: definedIn(part) });
		line += newlinesIn(part);
	});
	return blocks;
}

function startsOf(text: string): number[] {
	const starts = [0];
	let decorated = false;
	let depth = 0;
	let defining = false;
	const consider = (at: number) => {
		const first = text[at];
		if (first === undefined || /[\s#]/.test(first)) return;
		if (depth > 0 && !matchesAt(opensStatement, text, at)) return;
		depth = 0;
		const defines = matchesAt(opensDefinition, text, at);
		const continues = decorated || (!defines && !defining);
		if (!continues && at > 0) starts.push(at);
		decorated = first === '@';
		defining = defines;
	};
	consider(0);
	token.lastIndex = 0;
	for (let match = token.exec(text); match; match = token.exec(text)) {
		const [found] = match;
		if (found === '"""' || found === "'''") {
			token.lastIndex = endOfString(text, token.lastIndex, found);
		} else if (found === '\n') consider(token.lastIndex);
		else if ('([{'.includes(found)) depth++;
		else if (')]}'.includes(found)) depth = Math.max(0, depth - 1);
	}
	return starts;
}

function endOfString(text: string, from: number, quotes: '"""' | "'''"): number {
	const end = closing[quotes];
	end.lastIndex = from;
	for (let match = end.exec(text); match; match = end.exec(text)) {
		if (match[0] === quotes) return end.lastIndex;
	}
	return text.length;
}

function matchesAt(pattern: RegExp, text: string, at: number): boolean {
	pattern.lastIndex = at;
	return pattern.test(text);
}

function definedIn(text: string): Block['defines'] {
	if (!/^(?:class|def|async|@)/.test(text)) return null;
	const found = definition.exec(text);
	if (!found) return null;
	const [, kind = '', name = ''] = found;
	return {
		kind: kind === 'class' ? 'class' : 'def',
		name,
		line: newlinesIn(text.slice(0, found.index)),
	};
}

export function newlinesIn(text: string): number {
	let count = 0;
	for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
	return count;
}
