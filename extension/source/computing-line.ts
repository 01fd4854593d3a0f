import type { ClassRef, CodeBase } from './code-base.ts';
import type { PythonModule } from './python-syntax.ts';

export interface CodeLine {
	readonly uri: string;
	/** Counting from 1. */
	readonly line: number;
}

interface Stretch {
	readonly module: PythonModule;
	readonly line: number;
	readonly endLine: number;
}

const attends = /scaled_dot_product|dot_product_attention\(|flash_attn\w*\(|(?<!log_)softmax\(/i;
/** Builds a softmax instead of taking one. */
const builds = /\bSoftmax\(/;
const products = /einsum\(|matmul\(|\bbmm\(|[\w)\]] @ \w/;
const MOST_HELPERS = 40;

/**
 * The line of a class, of its bases, or of a function it calls that looks most like where it mixes.
 *
 * @param products whether a product of tensors will do where there is no softmax
 */
export function computingLine(ref: ClassRef, code: CodeBase, orProduct = false): CodeLine | null {
	const own = code.lineage(ref).map(({ class: c, module }) => ({ ...c, module }));
	return (
		firstOf(own, softmaxIn) ??
		firstOf(
			own.flatMap((stretch) => helpersOf(stretch, code)),
			softmaxIn,
		) ??
		(orProduct ? firstOf(own, lastProductIn) : null)
	);
}

/** The first line of a function that attends, not counting the functions inside of it. */
export function attendingLine(stretch: Stretch, inside: readonly Omit<Stretch, 'module'>[]) {
	const own = linesOf(stretch).filter(
		({ line }) => !inside.some((inner) => inner.line <= line && line <= inner.endLine),
	);
	const found = softmaxIn(own);
	return found ? { uri: found.uri, line: found.line } : null;
}

/** The line of a class that calls an attribute of it. */
export function callingLine(ref: ClassRef, attribute: string, code: CodeBase): CodeLine | null {
	const calls = new RegExp(`\\bself\\.${attribute.replace(/\W/g, '\\$&')}\\(`);
	const own = code.lineage(ref).map(({ class: c, module }) => ({ ...c, module }));
	return firstOf(own, (lines) => lines.find(({ text }) => calls.test(text)));
}

type Line = CodeLine & { readonly text: string };

function firstOf(
	stretches: readonly Stretch[],
	find: (lines: readonly Line[]) => Line | undefined,
): CodeLine | null {
	for (const stretch of stretches) {
		const found = find(linesOf(stretch));
		if (found) return { uri: found.uri, line: found.line };
	}
	return null;
}

const unspoken = /"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|#[^\n]*/g;

/** Lines of code: what stands in texts and comments, such as a docstring that says what is computed, is left out. */
function linesOf({ module, line, endLine }: Stretch): Line[] {
	return module.lines
		.slice(line - 1, endLine)
		.join('\n')
		.replace(unspoken, (words) => words.replace(/[^\n]+/g, ''))
		.split('\n')
		.map((text, at) => ({ uri: module.uri, line: line + at, text }))
		.filter(({ text }) => !/^\s*(class|def|@|from|import)\b/.test(text));
}

function softmaxIn(lines: readonly Line[]): Line | undefined {
	const direct = lines.find(({ text }) => attends.test(text) && !builds.test(text));
	if (direct) return direct;
	for (const { text } of lines) {
		const name = /self\.(\w+)\s*=.*\bSoftmax\(/.exec(text)?.[1];
		const called = name && lines.find((line) => line.text.includes(`self.${name}(`));
		if (called) return called;
	}
	return undefined;
}

const lastProductIn = (lines: readonly Line[]) =>
	lines.filter(({ text }) => products.test(text)).at(-1);

/** Functions of the workspace that are called by name. */
function helpersOf(stretch: Stretch, code: CodeBase): Stretch[] {
	const names = linesOf(stretch).flatMap(({ text }) =>
		[...text.matchAll(/(?<![\w.])([a-z_]\w*(?:\.\w+)?)\(/g)].map((match) => match[1]!),
	);
	return [...new Set(names)].slice(0, MOST_HELPERS).flatMap((name) => {
		const meaning = code.meaning(name, stretch.module);
		return meaning.kind === 'function' ? [{ ...meaning.function, module: meaning.module }] : [];
	});
}
