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
	/** Of a class. */
	readonly methods?: ReadonlyMap<string, unknown>;
}

const attends =
	/scaled_dot_product|dot_product_attention\(|memory_efficient_attention\(|flex_attention\(|flash_attn\w*\(|(?<!log_)softmax\(/i;
/** Kernels of memories by the names that their packages give them. */
const recurs =
	/\b(?:RUN_CUDA\w*|selective_scan\w*|selective_state_update|\w*chunk_scan\w*|wkv\w*|\w*delta_rule\w*|fused_recurrent\w*|(?:fused_)?chunk_(?!size|len)\w+|\w*linear_att(?:n|ention)\w*)(?:\.apply)?\(/i;
/** Builds a softmax instead of taking one. */
const builds = /\b\w*Softmax\(/;
/** What a class keeps to take a softmax with, such as `self.attend = nn.Softmax(-1)` or `self.attend = partial(F.softmax)`. */
const keeps =
	/\bself\.(\w+)(?:: [\w.]+)? = [^\n]*(?:\b\w*Softmax\(|\bpartial\([^\n]*softmax\b|\bsoftmax\b(?! *\())/g;
const products = /einsum\(|matmul\(|\bbmm\(|[\w)\]] @ \w/;
const MOST_HELPERS = 40;

/**
 * The line of a class, of its bases, or of a function it calls that looks most like where it mixes.
 *
 * @param products whether a product of tensors will do where there is no softmax
 */
export function computingLine(ref: ClassRef, code: CodeBase, orProduct = false): CodeLine | null {
	const own = stretchesOf(ref, code);
	return (
		(orProduct ? firstOf(own, (lines) => lines.find(({ text }) => recurs.test(text))) : null) ??
		firstOf(own, softmaxIn) ??
		firstOf(
			own.flatMap((stretch) => helpersOf(stretch, code)),
			softmaxIn,
		) ??
		(orProduct ? firstOf(own, lastProductIn) : null)
	);
}

/** Whether a line takes a softmax or attends by name. */
export const attendsAt = (module: PythonModule, line: number): boolean =>
	linesOf({ module, line, endLine: line }).some(
		({ text }) => attends.test(text) && !builds.test(text),
	);

/** The first line of a function that attends, not counting the functions inside of it. */
export function attendingLine(stretch: Stretch, inside: readonly Omit<Stretch, 'module'>[]) {
	const own = linesOf(stretch).filter(
		({ line }) => !inside.some((inner) => inner.line <= line && line <= inner.endLine),
	);
	const found = softmaxIn(own, stretch);
	return found ? { uri: found.uri, line: found.line } : null;
}

/** The line of a class that calls an attribute of it. */
export function callingLine(ref: ClassRef, attribute: string, code: CodeBase): CodeLine | null {
	const calls = new RegExp(`\\bself\\.${attribute.replace(/\W/g, '\\$&')}\\(`);
	const own = stretchesOf(ref, code);
	return firstOf(own, (lines) => lines.find(({ text }) => calls.test(text)));
}

/** The class and its bases. */
const stretchesOf = (ref: ClassRef, code: CodeBase): Stretch[] =>
	code.lineage(ref).map(({ class: { line, endLine, methods }, module }) => ({ module, line, endLine, methods })); // prettier-ignore

type Line = CodeLine & { readonly text: string };

function firstOf(
	stretches: readonly Stretch[],
	find: (lines: readonly Line[], stretch: Stretch) => Line | undefined,
): CodeLine | null {
	for (const stretch of stretches) {
		const found = find(linesOf(stretch), stretch);
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

function softmaxIn(lines: readonly Line[], { methods }: Stretch): Line | undefined {
	const kept = lines.flatMap(({ text }) => [...text.matchAll(keeps)].map(([, name]) => name!));
	const found = lines.filter(({ text }) => {
		if (builds.test(text)) return false;
		return attends.test(text) || kept.some((name) => text.includes(`self.${name}(`));
	});
	// a line that hands on to a method of the class says less than the line of that method
	const direct = found.find(({ text }) => {
		const called = /\bself\.(\w+)\(/.exec(text)?.[1];
		return called === undefined || !methods?.has(called);
	});
	return direct ?? found[0];
}

const lastProductIn = (lines: readonly Line[]) =>
	lines.filter(({ text }) => products.test(text)).at(-1);

/** Functions of the workspace that are called or handed on by name. */
function helpersOf(stretch: Stretch, code: CodeBase): Stretch[] {
	const names = linesOf(stretch).flatMap(({ text }) =>
		[...text.matchAll(/(?<![\w.])([a-z_]\w*(?:\.\w+)?)\b(?!\s*=[^=]|\.)/g)].map(
			(match) => match[1]!,
		),
	);
	return [...new Set(names)].slice(0, MOST_HELPERS).flatMap((name) => {
		const meaning = code.meaning(name, stretch.module);
		return meaning.kind === 'function' ? [{ ...meaning.function, module: meaning.module }] : [];
	});
}
